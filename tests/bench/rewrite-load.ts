// Reads the model folder given and does all of loading but ONNX Runtime's part; prints both times as JSON (rewrite.ts).
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-web';
import { importRuntime } from '../../src/cli/node-runtime';
import type { ModelFiles } from '../../src/core/model';
import { createEngine } from '../../src/engine/create-engine';
import type { Runtime } from '../../src/engine/session/runtime';
import { WEIGHTS } from './random-weights';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Give the folder of a model.');

/** ONNX Runtime without its work: sessions are made in no time and cannot run. */
class IdleRuntime {
  sessions = 0;

  /** @param reached Called where the first run would begin. */
  constructor(private readonly reached: () => void) {}

  async load(): Promise<Runtime> {
    const { env, Tensor } = await importRuntime();
    // All that follows is runs.
    const run = (): never => {
      this.reached();
      throw new Error('An idle session runs nothing.');
    };
    const session = { inputNames: [], outputNames: [], run, release: () => Promise.resolve() };
    const create = (): Promise<InferenceSession> => {
      this.sessions += 1;
      return Promise.resolve(session as unknown as InferenceSession);
    };
    return { env, Tensor, InferenceSession: { create } };
  }
}

async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { buffer, byteOffset, length } = await readFile(path);
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
}

async function read(path: string): Promise<ModelFiles> {
  const external = await readBytes(join(path, 'onnx', WEIGHTS)).catch(() => undefined);
  return {
    name: basename(path),
    dtype: 'fp32',
    config: JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as Record<string, unknown>,
    graph: { path: 'onnx/model.onnx', bytes: await readBytes(join(path, 'onnx/model.onnx')) },
    external: new Map(external ? [[WEIGHTS, external]] : []),
    provenance: { source: 'folder', id: basename(path), sha256: {}, bytes: 0 },
  };
}

async function measure(path: string): Promise<void> {
  let rewritten: number | undefined;
  const idle = new IdleRuntime(() => (rewritten ??= performance.now()));
  const runtime = await idle.load();
  const begin = performance.now();
  const files = await read(path);
  const there = performance.now();
  // As for a file that was compared with itself before: nothing is run but what was recognised.
  const kept = { read: () => Promise.resolve(0), write: () => Promise.resolve() };
  await createEngine(files, { importRuntime: () => Promise.resolve(runtime), kept }).catch((cause: unknown) => {
    if (rewritten === undefined) throw cause;
  });
  // One for the layers, one for the unembedding, which only a model that is understood has.
  if (idle.sessions !== 2) throw new Error(`The model was not understood: ${idle.sessions} sessions were made.`);
  console.log(JSON.stringify({ read: there - begin, rewrite: rewritten! - there }));
}

void measure(folder);
