import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sameFiles } from './site';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROBES = fileURLToPath(new URL('../fixtures/probes/', import.meta.url));

export interface Said {
  readonly status: number | null;
  readonly out: string;
}

/** A copy of what the app is built from, with more probes in it and nothing else changed. */
export class CopiedApp {
  private constructor(readonly folder: string) {}

  /** @param probes folders of tests/fixtures/probes. */
  static async make(probes: readonly string[]): Promise<CopiedApp> {
    const folder = await mkdtemp(join(tmpdir(), 'strata-copy-'));
    for (const name of ['.config', 'src', 'index.html', 'package.json', 'tsconfig.json', 'vite.config.ts']) {
      await cp(join(ROOT, name), join(folder, name), { recursive: true });
    }
    await sameFiles(join(ROOT, 'public'), join(folder, 'public'));
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    // What tests of the copy's words stand on.
    await cp(join(ROOT, 'tests/fixtures/probe-input.ts'), join(folder, 'tests/fixtures/probe-input.ts'));
    for (const id of probes) await cp(join(PROBES, id), join(folder, 'src/probes', id), { recursive: true });
    return new CopiedApp(folder);
  }

  /** What `npm run build` puts there. */
  get dist(): string {
    return join(this.folder, 'dist');
  }

  /** Runs a script of the copy, or of a package, with Node. */
  async node(...argv: readonly string[]): Promise<Said> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, argv, { cwd: this.folder });
      const said: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => said.push(piece));
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, out: Buffer.concat(said).toString() }));
    });
  }

  build(): Promise<Said> {
    return this.node('node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn');
  }

  /** `npx vitest run …` */
  tests(...paths: readonly string[]): Promise<Said> {
    return this.node('node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', ...paths);
  }

  /** `npm run probe -- …` */
  probe(...argv: readonly string[]): Promise<Said> {
    return this.node('node_modules/tsx/dist/cli.mjs', 'src/cli/probe.ts', ...argv);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
