import { blockHook, type HookName } from '../../core/hooks';
import type { Tensor } from '../../core/tensor';
import type { CleanRun } from './clean-means';

/** Prompts whose rows are kept. */
const KEPT = 64;

/** A row of attention patterns of which it must be known what it sees. */
export interface PatternRow {
  readonly layer: number;
  readonly dest: number;
}

/** Per row: 1 where a head's clean pattern has any weight, `[head, src]`. */
export type OpenRows = (row: PatternRow) => Uint8Array | undefined;

/**
 * What positions see in clean runs, causality and windows alike, whatever number the file has for what is masked. A
 * prompt is run once for all layers that a stage may cut.
 */
export class SeenRows {
  private readonly known = new Map<string, Map<string, Uint8Array>>();
  private stageLayers: readonly number[] = [];

  constructor(
    private readonly run: CleanRun,
    private readonly hasPattern: (layer: number) => boolean,
  ) {}

  /** Layers that will be asked for. */
  expect(layers: readonly number[]): void {
    this.stageLayers = layers;
  }

  /** Per prompt. Prompts are of equal length. */
  async of(prompts: readonly (readonly number[])[], rows: readonly PatternRow[]): Promise<readonly OpenRows[]> {
    const wanted = rows.filter(({ layer }) => this.hasPattern(layer));
    const missing = new Map<string, readonly number[]>();
    for (const prompt of prompts) {
      const seen = this.known.get(prompt.join());
      if (!wanted.every((row) => seen?.has(keyOf(row)))) missing.set(prompt.join(), prompt);
    }
    if (missing.size > 0) {
      const layers = [...new Set([...wanted.map(({ layer }) => layer), ...this.stageLayers])].filter(this.hasPattern);
      const dests = [...new Set(wanted.map(({ dest }) => dest))];
      const hooks = layers.map((layer): HookName => blockHook(layer, 'attn.hook_pattern'));
      const values = await this.run([...missing.values()], hooks);
      [...missing.keys()].forEach((prompt, index) => {
        const seen = this.known.get(prompt) ?? new Map<string, Uint8Array>();
        this.known.set(prompt, seen);
        for (const [at, layer] of layers.entries())
          for (const dest of dests) seen.set(keyOf({ layer, dest }), openIn(values[index]!.get(hooks[at]!)!, dest));
      });
    }
    const found = prompts.map((prompt): OpenRows => {
      const seen = this.known.get(prompt.join());
      return (row) => seen?.get(keyOf(row));
    });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KEPT) break;
      this.known.delete(oldest);
    }
    return found;
  }

  clear(): void {
    this.known.clear();
    this.stageLayers = [];
  }
}

function keyOf({ layer, dest }: PatternRow): string {
  return `${layer}/${dest}`;
}

function openIn({ dims, data }: Tensor, dest: number): Uint8Array {
  const [heads = 0, length = 0] = dims;
  return Uint8Array.from({ length: heads * length }, (_, index) => {
    const [head, src] = [Math.floor(index / length), index % length];
    return data[(head * length + dest) * length + src]! > 0 ? 1 : 0;
  });
}
