import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { layRuler, type Ruler } from '../../src/app/ruler/ruler-words';
import type { Fact } from '../../src/core/fact';
import type { Dtype, ModelChoice } from '../../src/core/model';
import { rankOf, softmax } from '../../src/core/numerics';
import { slice } from '../../src/core/tensor';
import { folderChoice } from '../../src/models/choices';
import type { EmergenceResult } from '../../src/probes/emergence/meta';
import { Comparison } from '../../src/state/Comparison.svelte';
import { createModelApi } from '../../src/worker/in-thread-api';
import { nodeDeps } from '../contract/in-thread';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const PROMPT = 'The capital of France is';

function choiceOf(name: string, dtype: Dtype): ModelChoice {
  const folder = join(FIXTURES, name);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.(json|onnx)$/.test(path),
  );
  const files = new Map(
    paths.map((path) => [path.replaceAll('\\', '/'), new Blob([readFileSync(join(folder, path))])]),
  );
  return folderChoice({ name: basename(name), files, models: [{ dtype }] }, dtype);
}

const host = {
  open: () => createModelApi(nodeDeps),
  loaded: () => undefined,
  request: ({ source }: ModelChoice) => ({ source, backend: 'wasm' as const }),
};

/** The first model's own word after the prompt, so that there is something to lose. */
async function ownWord(choice: ModelChoice): Promise<string> {
  const api = createModelApi(nodeDeps);
  await api.load(host.request(choice));
  const { prepared } = await api.runProbe({ probe: 'emergence', fact: { prompt: PROMPT, answers: [] } });
  await api.dispose();
  return prepared!.answers[0]!.text;
}

/** p and rank of one token at the end of the prompt, layer by layer, straight from the model's lens logits. */
async function direct(choice: ModelChoice, ids: readonly number[], token: number) {
  const api = createModelApi(nodeDeps);
  const { dims } = await api.load(host.request(choice));
  const trace = await api.trace({ tokens: ids, interventions: [], captures: ['logit_lens'] });
  await api.dispose();
  const lens = trace.captures.get('logit_lens')!;
  const rows = Array.from({ length: dims.n_layers + 1 }, (_, row) => slice(lens, row, ids.length - 1));
  return { p: rows.map((row) => softmax(row)[token]!), rank: rows.map((row) => rankOf(row, token)) };
}

function firstAndStable(rank: readonly number[]): { first: number | undefined; stable: number | undefined } {
  const leads = rank.map((value) => value === 1);
  const first = leads.includes(true) ? leads.indexOf(true) : undefined;
  const stable = leads.at(-1) ? leads.lastIndexOf(false) + 1 : undefined;
  return { first, stable };
}

const minus = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a - b;

/** Random models give each of 512 tokens next to nothing, so that there more digits must agree. */
const PAIRS: readonly (readonly [string, Dtype, string, Dtype, number])[] = [
  ['zoo/optimum-gpt2', 'fp32', 'zoo/optimum-gpt2', 'q8', 7],
  ['zoo/optimum-llama', 'fp32', 'zoo/optimum-llama', 'fp16', 7],
  ['zoo/optimum-gpt2', 'fp32', 'zoo/optimum-llama', 'q8', 7],
  ['zoo/optimum-gpt2', 'fp32', 'families/gpt2', 'fp32', 7],
  ['../../public/models/atlas', 'fp32', 'zoo/optimum-gpt2', 'q8', 4],
];

describe.each(PAIRS)('the ruler on %s (%s) and %s (%s)', (nameA, dtypeA, nameB, dtypeB, digits) => {
  let ruler: Ruler;
  let a: Awaited<ReturnType<typeof direct>>;
  let b: Awaited<ReturnType<typeof direct>>;

  beforeAll(async () => {
    const choices = { first: choiceOf(nameA, dtypeA), second: choiceOf(nameB, dtypeB) };
    const fact: Fact = { prompt: PROMPT, answers: [await ownWord(choices.first)] };
    const comparison = new Comparison<EmergenceResult>(host);
    await comparison.compare({ probe: 'emergence', fact, options: { position: 'answer' } }, choices);
    const { first, second } = comparison;
    if (first.kind !== 'done' || second.kind !== 'done') throw new Error(`${first.kind}, ${second.kind}`);
    ruler = layRuler(first.answer, second.answer);
    const read = ({ choice, response: { prepared } }: typeof first.answer) =>
      direct(
        choice,
        prepared!.tokens.map(({ id }) => id),
        prepared!.answers[0]!.tokens[0]!.id,
      );
    [a, b] = [await read(first.answer), await read(second.answer)];
  }, 60_000);

  it('gives p and rank of every layer of both', () => {
    const [first, second] = ruler.answers.map(({ response }) => response.result);
    expect([first!.p.length, second!.p.length]).toEqual([a.p.length, b.p.length]);
    [...first!.p].forEach((p, row) => expect(p).toBeCloseTo(a.p[row]!, digits));
    [...second!.p].forEach((p, row) => expect(p).toBeCloseTo(b.p[row]!, digits));
    expect([[...first!.rank], [...second!.rank]]).toEqual([a.rank, b.rank]);
  });

  it('gives the shift in layers and relative depth', () => {
    const [eventsA, eventsB] = [firstAndStable(a.rank), firstAndStable(b.rank)];
    const [layersA, layersB] = [a.p.length - 1, b.p.length - 1];
    for (const event of ['first', 'stable'] as const) {
      const [from, to] = [eventsA[event], eventsB[event]];
      expect(ruler.numbers[event].depth).toEqual([from, to]);
      expect(ruler.numbers[event].layers).toBe(minus(to, from));
      const relative = minus(to && to / layersB, from && from / layersA);
      if (relative === undefined) expect(ruler.numbers[event].relative).toBeUndefined();
      else expect(ruler.numbers[event].relative).toBeCloseTo(relative, 9);
    }
  });

  it('gives the difference at the output and the largest on the way', () => {
    const { final, gap, sameLayers } = ruler.numbers;
    expect(final.p).toBeCloseTo(b.p.at(-1)! - a.p.at(-1)!, digits);
    expect(final.rank).toBe(b.rank.at(-1)! - a.rank.at(-1)!);
    expect(sameLayers).toBe(a.p.length === b.p.length);
    // A fine grid through straight lines: it holds every row of either (3, 4 and 8 layers divide 1200).
    const at = (p: readonly number[], depth: number): number => {
      const x = depth * (p.length - 1);
      const low = Math.min(Math.floor(x + 1e-9), p.length - 2);
      return p[low]! + (x - low) * (p[low + 1]! - p[low]!);
    };
    const grid = Array.from({ length: 1201 }, (_, step) => step / 1200);
    const largest = Math.max(...grid.map((depth) => Math.abs(at(b.p, depth) - at(a.p, depth))));
    expect(Math.abs(gap!.difference)).toBeCloseTo(largest, digits);
    expect(Math.abs(at(b.p, gap!.relative) - at(a.p, gap!.relative))).toBeCloseTo(largest, digits);
    expect(largest).toBeGreaterThan(0);
  });
});
