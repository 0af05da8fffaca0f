import type { HookName } from '../../core/hooks';
import { tensor, type Tensor } from '../../core/tensor';

/** Prompts whose means are kept. */
const KEPT = 256;

/** Runs prompts of equal length as they are, and gives the hooks' values of each. */
export type CleanRun = (
  prompts: readonly (readonly number[])[],
  hooks: readonly HookName[],
) => Promise<readonly ReadonlyMap<HookName, Tensor>[]>;

/**
 * Mean values of hooks over the positions of clean runs, for mean ablation. A prompt is run once for all that a stage
 * wants of it.
 */
export class CleanMeans {
  private readonly known = new Map<string, Map<HookName, Tensor>>();
  private stageHooks: readonly HookName[] = [];

  constructor(private readonly run: CleanRun) {}

  /** What will be asked for together. */
  expect(hooks: readonly HookName[]): void {
    this.stageHooks = hooks;
  }

  /** Per prompt: `[1, …]` means of at least these hooks. Prompts are of equal length. */
  async of(
    prompts: readonly (readonly number[])[],
    hooks: readonly HookName[],
  ): Promise<readonly ReadonlyMap<HookName, Tensor>[]> {
    const missing = new Map<string, readonly number[]>();
    for (const prompt of prompts) {
      const means = this.known.get(prompt.join());
      if (!means || !hooks.every((hook) => means.has(hook))) missing.set(prompt.join(), prompt);
    }
    if (missing.size > 0) {
      const wanted = [...new Set([...hooks, ...this.stageHooks])];
      const values = await this.run([...missing.values()], wanted);
      [...missing.keys()].forEach((key, index) => this.keep(key, values[index]!));
    }
    const found = prompts.map((prompt) => this.known.get(prompt.join())!);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KEPT) break;
      this.known.delete(oldest);
    }
    return found;
  }

  private keep(key: string, values: ReadonlyMap<HookName, Tensor>): void {
    const means = this.known.get(key) ?? new Map<HookName, Tensor>();
    for (const [hook, value] of values) means.set(hook, meanOverPositions(value));
    this.known.set(key, means);
  }

  clear(): void {
    this.known.clear();
    this.stageHooks = [];
  }
}

/** `[pos, …]` to `[1, …]`. */
export function meanOverPositions({ dims, data }: Tensor): Tensor {
  const [length = 1, ...rest] = dims;
  const size = data.length / length;
  const mean = new Float64Array(size);
  data.forEach((value, index) => (mean[index % size]! += value / length));
  return tensor([1, ...rest], Float32Array.from(mean));
}
