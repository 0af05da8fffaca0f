import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Dtype } from '../../src/core/model';
import { availableDtypes } from '../../src/models/layout';
import { WIRINGS } from './wirings';
import { GRAPH_LAYOUTS, TESTED_LAYOUTS, type GraphLayout } from '../../src/models/tested-layouts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/layouts.md', import.meta.url));

/** Families of the catalogue and what they are called; the table has a row for each, tested or not. */
const FAMILIES: Readonly<Record<string, string>> = {
  gpt2: 'GPT-2',
  gpt_neox: 'GPT-NeoX, Pythia',
  opt: 'OPT',
  bloom: 'BLOOM',
  phi: 'Phi',
  phi3: 'Phi-3, Phi-3.5',
  llama: 'Llama, SmolLM2, TinyLlama',
  smollm3: 'SmolLM3',
  mistral: 'Mistral',
  qwen2: 'Qwen2, Qwen2.5',
  qwen3: 'Qwen3',
  gemma2: 'Gemma 2',
  gemma3_text: 'Gemma 3',
  lfm2: 'LFM2',
  granite: 'Granite',
  olmo2: 'OLMo 2',
  glm4: 'GLM 4',
  mixtral: 'Mixtral',
  gpt_bigcode: 'GPTBigCode, StarCoder',
  'openai-gpt': 'GPT',
  gpt_oss: 'GPT-OSS',
  doge: 'Doge',
  cohere: 'Cohere, Aya',
  xglm: 'XGLM',
};
const KINDS = Object.keys(GRAPH_LAYOUTS) as GraphLayout[];

function cell(family: string, layout: GraphLayout): string {
  const found = TESTED_LAYOUTS.filter((one) => one.family === family && one.layout === layout);
  return [...new Set(found.flatMap(({ dtypes }) => dtypes))].join(', ') || '–';
}

function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [head, head.map(() => '---'), ...body].map(line).join('\n');
}

function page(): string {
  const families = Object.entries(FAMILIES).map(([family, title]) => [
    title,
    ...KINDS.map((kind) => cell(family, kind)),
  ]);
  const fixtures = TESTED_LAYOUTS.map(({ fixture, family, layout, dtypes }) => [
    `tests/fixtures/${fixture}`,
    FAMILIES[family]!,
    GRAPH_LAYOUTS[layout],
    dtypes.join(', '),
  ]);
  const wirings = WIRINGS.map(({ name, title, missing }) => [
    `tests/fixtures/wirings/${name}`,
    title,
    Object.entries(missing)
      .map(([part, code]) => `${part}: ${code}`)
      .join(', ') || '–',
  ]);
  return `# Tested layouts

Strata recognises a decoder by how its graph is wired, so layouts that are not here are tried too. Those that are here
are held to numbers by \`tests/golden\`: fp32 files to PyTorch's hooks, lens and interventions within 1e-4, fp16 within
2e-2, quantised ones to themselves (last lens row equal to the logits, patterns that sum to one, neutral interventions
that change nothing).

This page is written from \`src/models/tested-layouts.ts\` by \`npx vitest run tests/golden/layouts.test.ts -u\`; the same
test fails when the page, the list and the fixtures differ.

${rows(['Family', ...KINDS.map((kind) => GRAPH_LAYOUTS[kind])], families)}

## Files

${rows(['Fixture', 'Family', 'Layout', 'Dtypes'], fixtures)}

## Wired by hand

Decoders in people's own code are wired in more ways than exporters have. \`training/wirings.py\` makes small ones; every
hook that is shown of them is PyTorch's within 1e-4, and what would be something else than its name says is withdrawn by
name (\`tests/golden/wirings.test.ts\`). Any file is held to itself when it is opened: its logits to those of the untouched
graph, z to pattern · v, attention's output to z · W_O, the MLP's to its neurons · W_out, the stream to its sums.

${rows(['Fixture', 'What is special', 'Withdrawn'], wirings)}

## Damaged files

\`src/onnx/fuzz.test.ts\` damages files of nine layouts and takes them through everything that happens before the
runtime sees a file. Each is understood or refused with a code, in less than five seconds and 256 MB. The unit tests do
400 of them; \`STRATA_FUZZ=100000 npx vitest run src/onnx/fuzz.test.ts\` is the long run, and
\`STRATA_FUZZ=20000-40000\` a part of it: each file's number is its seed.
`;
}

describe('the list of tested layouts', () => {
  it('has every model file among the fixtures, under the family its config states', async () => {
    const stored: Record<string, readonly Dtype[]> = {};
    for (const set of ['zoo', 'layouts', 'families']) {
      const folders = (await readdir(`${FIXTURES}${set}`, { withFileTypes: true })).filter((one) => one.isDirectory());
      for (const { name } of folders) {
        const files = await readdir(`${FIXTURES}${set}/${name}`, { recursive: true });
        stored[`${set}/${name}`] = availableDtypes(files.map((file) => file.replaceAll('\\', '/')));
      }
    }
    const listed = Object.fromEntries(TESTED_LAYOUTS.map(({ fixture, dtypes }) => [fixture, dtypes]));
    expect(listed).toEqual(stored);
    for (const { fixture, family } of TESTED_LAYOUTS) {
      const config = JSON.parse(await readFile(`${FIXTURES}${fixture}/config.json`, 'utf8')) as Record<string, unknown>;
      expect(config['model_type'], fixture).toBe(family);
    }
  });

  it('is what docs/layouts.md says', async () => {
    await expect(page()).toMatchFileSnapshot(PAGE);
  });
});
