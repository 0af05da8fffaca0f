import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openFolder } from '../../src/cli/open-folder';
import { readSafetensors, type SafetensorsFile } from '../../src/cli/safetensors';
import type { Dtype, ModelFiles } from '../../src/core/model';
import type { Tensor } from '../../src/core/tensor';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

export function openZoo(folder: string, dtype: Dtype = 'fp32'): Promise<ModelFiles> {
  return openFolder(`${FIXTURES}${folder}`, dtype);
}

/** Numbers computed with PyTorch from the same weights (see the README beside each set of fixtures). */
export class Reference {
  private constructor(private readonly file: SafetensorsFile) {}

  /** @param path Below tests/fixtures. */
  static async open(path: string): Promise<Reference> {
    return new Reference(readSafetensors(new Uint8Array(await readFile(`${FIXTURES}${path}`))));
  }

  /** Prompts by number; a file without any would let every loop over them pass. */
  get prompts(): number[] {
    const stored = [0, 1, 2].filter((prompt) => this.file.tensors.has(`${prompt}/input_ids`));
    if (stored.length === 0) throw new Error('the reference has no prompts');
    return stored;
  }

  /** Names of everything stored for one prompt, without the prompt's number. */
  names(prompt: number): string[] {
    return [...this.file.tensors.keys()].filter((name) => name.startsWith(`${prompt}/`)).map((name) => name.slice(2));
  }

  get(prompt: number, name: string): Tensor {
    const found = this.file.tensors.get(`${prompt}/${name}`);
    if (found?.dtype !== 'F32') throw new Error(`the reference has no ${prompt}/${name}`);
    return { dims: found.dims, data: found.data };
  }

  tokens(prompt: number): number[] {
    const found = this.file.tensors.get(`${prompt}/input_ids`);
    if (found?.dtype !== 'I64') throw new Error(`the reference has no prompt ${prompt}`);
    return Array.from(found.data, Number);
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.file.metadata;
  }
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < a.length; index++) {
    // Equal also where both are −∞.
    const difference = a[index] === b[index] ? 0 : Math.abs(a[index]! - b[index]!);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}
