// What Strata itself does to a 500 MB file before ONNX Runtime gets it, beside reading the file.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { writeModel } from './model-folder';
import { GPT2_SMALL_SHAPE, randomGpt2, type Gpt2Shape } from './random-gpt2';
import { FILE_LAYOUTS, type FileLayout } from './random-weights';
import { megabytes, milliseconds, quantile, type Row, type Section } from './report';

const ROUNDS = 5;
const LIMIT_MS = 100;

export async function rewriteSection(shape: Gpt2Shape = GPT2_SMALL_SHAPE): Promise<Section> {
  const rows: Row[] = [];
  for (const layout of Object.keys(FILE_LAYOUTS) as FileLayout[]) rows.push(...(await measure(shape, layout)));
  return { title: `Scanning and rewriting a file, ${shape.name}, each time in a new process`, rows };
}

async function measure(shape: Gpt2Shape, layout: FileLayout): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-rewrite-'));
  try {
    const files = await writeModel(folder, randomGpt2(shape, layout));
    const bytes = [...files.values()].reduce((sum, part) => sum + part.length, 0);
    const script = fileURLToPath(new URL('rewrite-load.ts', import.meta.url));
    const reads: number[] = [];
    const rewrites: number[] = [];
    // The first reading is from the disk, or wherever the system has just put what was written; it does not count.
    for (let round = -1; round < ROUNDS; round++) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, folder]);
      if (round < 0) continue;
      const { read, rewrite } = JSON.parse(stdout) as { read: number; rewrite: number };
      reads.push(read);
      rewrites.push(rewrite);
    }
    const read = quantile(reads, 0.5);
    const rewrite = quantile(rewrites, 0.5);
    const what = FILE_LAYOUTS[layout];
    return [
      milliseconds(`Reading ${megabytes(bytes)}, ${what}`, read),
      milliseconds(`Beyond that: scan, anatomy, checks and both headers, ${what}`, rewrite, LIMIT_MS),
      { what: `Ratio to reading, ${what}`, value: (rewrite / read).toFixed(2) },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
