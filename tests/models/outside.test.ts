import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entropyBits, softmax, topK } from '../../src/core/numerics';
import { outsideOf } from '../../src/app/ledger/education';
import { parseLedger } from '../../src/app/ledger/ledger';
import { matchFact } from '../../src/app/ledger/match';
import { nearbyFacts } from '../../src/app/ledger/nearby';
import { STARTERS } from '../../src/app/ledger/starters';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { openZoo } from '../golden/zoo';

/**
 * How well prompts outside of Atlas's education are told from those within (docs/definitions.md, “Outside”). Weights and
 * limit were chosen by the strangers' prompts of writer 1 and the sentences under `seen`; the shares asked for here are
 * those of writers 2 and 3 and of the sentences under `unseen`.
 */
const json = (path: string): unknown =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8'));
const ledger = parseLedger(json('public/models/atlas/ledger.json'));
const strangers = json('training/stranger_prompts.json') as {
  readonly prompt: string;
  readonly answers: readonly string[];
  readonly writer: number;
}[];
const others = json('training/other_prompts.json') as Record<'seen' | 'unseen', { readonly prompt: string }[]>;

describe('what lies outside of Atlas’s education', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(await openZoo('../../public/models/atlas'));
  }, 60_000);
  afterAll(() => engine?.dispose());

  async function says(prompt: string) {
    const logits = await engine.generateStep(engine.tokenize(prompt).map(({ id }) => id));
    const [id] = topK(logits, 1);
    return { id: id!, text: engine.describe([id!])[0]!.text, entropyBits: entropyBits(softmax(logits)) };
  }

  /** Without an answer: it would tell which fact is meant. */
  async function isOutside(prompt: string): Promise<boolean> {
    return outsideOf(ledger, prompt, matchFact(ledger, prompt, []), await says(prompt)) !== undefined;
  }

  async function knows({ prompt, answers }: { readonly prompt: string; readonly answers: readonly string[] }) {
    const { id } = await says(prompt);
    return engine.prepare({ prompt, answers }).answers.some(({ tokens }) => tokens[0]!.id === id);
  }

  async function shareOutside(prompts: readonly string[]): Promise<number> {
    let outside = 0;
    for (const prompt of prompts) outside += (await isOutside(prompt)) ? 1 : 0;
    return outside / prompts.length;
  }

  it('is at most 3 of 100 facts that it knows in a stranger’s words', async () => {
    const known: string[] = [];
    for (const one of strangers) if (one.writer !== 1 && (await knows(one))) known.push(one.prompt);
    expect(known.length).toBeGreaterThanOrEqual(200);
    expect(await shareOutside(known)).toBeLessThanOrEqual(0.03);
  }, 120_000);

  it('is at least 80 of 100 sentences of another kind', async () => {
    for (const set of [others.seen, others.unseen]) {
      expect(set.length).toBeGreaterThanOrEqual(200);
      expect(await shareOutside(set.map(({ prompt }) => prompt))).toBeGreaterThanOrEqual(0.8);
    }
  }, 120_000);

  it('is a sum, although digits and signs stand in many phrasings', async () => {
    for (const prompt of ['2 + 2 =', '12 * 3 =', '5 - 3 =', '1, 2, 3,', '7 × 8 ='])
      expect([prompt, await isOutside(prompt)]).toEqual([prompt, true]);
  });

  it('is no question to begin with: each is in words that were taught, and is answered', async () => {
    for (const { prompt, answer } of STARTERS) {
      const answers = answer.split('|');
      expect([prompt, matchFact(ledger, prompt, answers)?.asks, await isOutside(prompt)]).toEqual([
        prompt,
        true,
        false,
      ]);
      expect([prompt, await knows({ prompt, answers })]).toEqual([prompt, true]);
    }
  });

  it('offers what was taught instead, near to what was asked', async () => {
    const near = (prompt: string): string[] => nearbyFacts(ledger, prompt, 3).map((fields) => fields.prompt);
    expect(near('The capital of England is').every((prompt) => prompt.includes('capital'))).toBe(true);
    expect(near('My dog has a funny')[0]).toMatch(/dog/);
    for (const { prompt } of others.unseen.slice(0, 40)) {
      const facts = nearbyFacts(ledger, prompt, 3);
      expect(new Set(facts.map((fields) => fields.prompt)).size).toBe(3);
      for (const fields of facts) expect(await isOutside(fields.prompt), fields.prompt).toBe(false);
    }
  });
});
