import { join } from 'node:path';
import { createEngine } from '../engine/create-engine';
import { BUNDLED_MODELS } from '../models/catalogue';
import type { ShippedChecks } from '../worker/deps';
import { fingerprint, shippedKey } from '../worker/self-check';
import { importRuntime } from './node-runtime';
import { openFolder } from './open-folder';

/**
 * Compares the app's own models with their untouched files, so that no visitor's first answer waits for it.
 * @param publicFolder What is served at the app's root.
 */
export async function checkBundledModels(publicFolder: string): Promise<ShippedChecks> {
  const found: Record<string, number> = {};
  for (const { folder } of BUNDLED_MODELS) {
    const files = await openFolder(join(publicFolder, folder), 'fp32', { tokenizer: false });
    const kept = {
      read: () => Promise.resolve(undefined),
      write: (name: string, difference: unknown) => {
        found[shippedKey(fingerprint(files), name)] = Number(difference);
        return Promise.resolve();
      },
    };
    const engine = await createEngine(files, { importRuntime, kept });
    await engine.dispose();
  }
  return found;
}
