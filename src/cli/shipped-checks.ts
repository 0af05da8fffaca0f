// Run when the app is built (.config/build/shipped-checks.ts): compares the app's own models with their untouched files and
// prints what was found as JSON, so that no visitor's first answer waits for it.
import { join } from 'node:path';
import { createEngine } from '../engine/create-engine';
import { BUNDLED_MODELS } from '../models/catalogue';
import type { ShippedChecks } from '../worker/deps';
import { fingerprint, shippedKey } from '../worker/self-check';
import { importRuntime } from './node-runtime';
import { openFolder } from './open-folder';

async function checksOf(folder: string): Promise<ShippedChecks> {
  const files = await openFolder(folder, 'fp32', { tokenizer: false });
  const found: Record<string, number> = {};
  const kept = {
    read: () => Promise.resolve(undefined),
    write: (name: string, difference: unknown) => {
      found[shippedKey(fingerprint(files), name)] = Number(difference);
      return Promise.resolve();
    },
  };
  const engine = await createEngine(files, { importRuntime, kept });
  await engine.dispose();
  return found;
}

async function main(publicFolder: string): Promise<void> {
  const all: Record<string, number> = {};
  for (const { folder } of BUNDLED_MODELS) Object.assign(all, await checksOf(join(publicFolder, folder)));
  console.log(JSON.stringify(all));
}

void main(process.argv[2] ?? 'public');
