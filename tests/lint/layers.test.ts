import { ESLint } from 'eslint';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const eslint = new ESLint({ cwd: root, overrideConfigFile: join(root, '.config', 'eslint.config.js') });

async function messages(path: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, path) });
  return (result?.messages ?? []).filter((m) => m.ruleId === 'strata/layers').map((m) => m.message);
}

const use = (specifier: string): string => `import { x } from '${specifier}';\nexport const y = x;\n`;

describe('layers lint rule', () => {
  it.each([
    ['src/core/a.ts', '../models/a', 'core must not import models'],
    ['src/onnx/a.ts', '../engine/a', 'onnx must not import engine'],
    ['src/models/a.ts', '../client/a', 'models must not import client'],
    ['src/engine/a.ts', '../probes/lens/run', 'engine must not import probe-run (lens)'],
    ['src/worker/a.ts', '../app/a', 'worker must not import app'],
    ['src/client/a.ts', '../worker/entry', 'client must not import worker'],
    ['src/views/a.ts', '../state/a.svelte', 'views must not import state'],
    ['src/state/a.svelte.ts', '../models/a', 'state must not import models'],
    ['src/app/deep/a.ts', '../../engine/a', 'app must not import engine'],
    ['src/probes/lens/run.ts', '../attention/run', 'probe-run (lens) must not import probe-run (attention)'],
    ['src/probes/lens/meta.ts', './run', 'probe-meta (lens) must not import probe-run (lens)'],
    ['src/probes/lens/run.ts', './figure', 'probe-run (lens) must not import probe-view (lens)'],
    ['src/probes/lens/figure.ts', './run', 'probe-view (lens) must not import probe-run (lens)'],
    ['src/probes/lens/View.svelte.ts', '../attention/meta', 'must not import probe-meta (attention)'],
    ['src/cli/a.ts', '../client/a', 'cli must not import client'],
    ['src/service-worker/a.ts', '../models/a', 'service-worker must not import models'],
    ['src/main.ts', './worker/entry', 'main must not import worker'],
  ])('%s may not import %s', async (path, specifier, expected) => {
    const [message] = await messages(path, use(specifier));
    expect(message).toContain(expected);
    expect(message).toMatch(/Allowed: .+\.$/);
  });

  it.each([
    ['src/engine/a.ts', '../onnx/scan'],
    ['src/worker/a.ts', '../probes/lens/run'],
    ['src/probes/lens/run.ts', './meta'],
    ['src/probes/lens/figure.ts', './meta'],
    ['src/probes/lens/figure.ts', '../../views/figure-entry'],
    ['src/cli/a.ts', '../worker/in-thread-api'],
    ['src/app/a.ts', '../models/catalogue'],
    ['src/core/a.ts', './b'],
    ['src/models/a.ts', '@noble/hashes/sha2.js'],
    ['src/core/a.test.ts', '../models/a'],
  ])('%s may import %s', async (path, specifier) => {
    expect(await messages(path, use(specifier))).toEqual([]);
  });

  it('sees every way to import', async () => {
    for (const code of [
      `export { x } from '../engine/a';`,
      `export * from '../engine/a';`,
      `export const x = () => import('../engine/a');`,
      `export type X = import('../engine/a').X;`,
      `import type { X } from '../engine/a';\nexport type Y = X;`,
    ]) {
      expect(await messages('src/core/a.ts', code), code).toHaveLength(1);
    }
    expect(
      await messages('src/app/A.svelte', `<script lang="ts">\n  import { x } from '../engine/a';\n</script>\n{x}\n`),
    ).toHaveLength(1);
  });

  it('knows no layer without a name of its own', async () => {
    expect((await messages('src/utils/a.ts', 'export const x = 1;'))[0]).toContain('src/utils/ is not a layer');
    expect((await messages('src/core/a.ts', `import x from 'src/core/b';\nexport { x };`))[0]).toContain(
      'relative path',
    );
  });
});
