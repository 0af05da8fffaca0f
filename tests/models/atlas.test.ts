import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseLedger, seenCount, seenOf, type LedgerFact } from '../../src/app/ledger/ledger';
import { checkBundledModels } from '../../src/cli/model-checks';
import { openTokenizer } from '../../src/engine/text/tokenizer';
import { BUNDLED_MODELS } from '../../src/models/catalogue';

/** The files that ship, whoever trained them: no Python is needed to know that they belong together. */
const FOLDER = fileURLToPath(new URL('../../public/models/atlas/', import.meta.url));
const json = (path: string): unknown => JSON.parse(readFileSync(FOLDER + path, 'utf8'));

interface Listed {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}
const wrong = ({ path, bytes, sha256 }: Listed): boolean =>
  statSync(FOLDER + path).size !== bytes ||
  createHash('sha256')
    .update(readFileSync(FOLDER + path))
    .digest('hex') !== sha256;

describe('the first download', () => {
  const { files } = json('files.json') as { files: Listed[] };

  it('is what its list says, byte for byte', () => {
    expect(files.map((file) => file.path)).toContain('onnx/model.onnx');
    expect(files.filter(wrong)).toEqual([]);
  });

  it('is at most 10 MB', () => {
    expect(files.reduce((sum, file) => sum + file.bytes, 0)).toBeLessThanOrEqual(10e6);
  });
});

describe('what is found when the app is built', () => {
  it('is that the page’s numbers are those of the file', async () => {
    const found = Object.values(await checkBundledModels(fileURLToPath(new URL('../../public/', import.meta.url))));
    expect(found).toHaveLength(1);
    expect(found[0]).toBeLessThanOrEqual(1e-5);
  });
});

describe('the checkpoints', () => {
  const { checkpoints } = json('checkpoints.json') as {
    checkpoints: {
      step: number;
      tokens: number;
      loss: number;
      stage: string;
      file: string;
      bytes: number;
      sha256: string;
    }[];
  };

  it('are what their list says, small, and in order', () => {
    expect(checkpoints.filter(({ file, ...rest }) => wrong({ path: file, ...rest }))).toEqual([]);
    expect(Math.max(...checkpoints.map((one) => one.bytes))).toBeLessThanOrEqual(8e6);
    expect(checkpoints.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(80e6);
    expect(checkpoints.map((one) => one.step)).toEqual(checkpoints.map((one) => one.step).toSorted((a, b) => a - b));
  });

  it('are those that the page offers, but for the last, which is the model itself', () => {
    const { files } = json('files.json') as { files: Listed[] };
    const own = files.find(({ path }) => path === 'onnx/model.onnx')!;
    const others = checkpoints.filter(({ sha256 }) => sha256 !== own.sha256);
    const { steps, lastStep, bytes } = BUNDLED_MODELS.find(({ id }) => id === 'atlas')!.checkpoints;
    expect(steps).toEqual(others.map(({ step }) => step));
    expect(checkpoints.find(({ sha256 }) => sha256 === own.sha256)?.step).toBe(lastStep);
    expect(new Set(checkpoints.map((one) => one.bytes))).toEqual(new Set([bytes]));
  });

  it('are ten or more of pre-training and one after post-training', () => {
    expect(checkpoints.filter((one) => one.stage === 'pre').length).toBeGreaterThanOrEqual(10);
    expect(checkpoints.at(-1)!.stage).toBe('post');
    expect(checkpoints[0]!.loss).toBeGreaterThan(checkpoints.at(-1)!.loss);
  });
});

describe('the ledger', () => {
  type Fact = LedgerFact & { tier?: number; hops?: string[] };
  const ledger = parseLedger(json('ledger.json'));
  const facts = ledger.facts as readonly Fact[];
  const flagged = (flag: string): Fact[] => facts.filter((fact) => fact.flags.includes(flag));
  const real = facts.filter((fact) => !fact.flags.includes('fictional'));
  const byId = new Map(facts.map((fact) => [fact.id, fact]));

  it('names every fact once, with a known relation, an answer and a prompt', () => {
    expect(byId.size).toBe(facts.length);
    const bad = facts.filter(
      (fact) => !ledger.relations[fact.relation] || fact.answers.length === 0 || !fact.answers[0] || !fact.prompt,
    );
    expect(bad).toEqual([]);
  });

  it('has the breadth it promises', () => {
    expect(real.length).toBeGreaterThanOrEqual(2500);
    expect(new Set(real.map((fact) => fact.relation)).size).toBeGreaterThanOrEqual(20);
    expect(new Set(real.map((fact) => fact.language))).toEqual(new Set(['en', 'zh', 'fr']));
    for (const tier of [1, 4, 16, 64, 256, 1024]) {
      const members = facts.filter((fact) => fact.tier === tier);
      expect(members.length).toBeGreaterThanOrEqual(40);
      expect(members.filter((fact) => fact.exposures !== tier)).toEqual([]);
    }
    expect(flagged('edited').length).toBeGreaterThanOrEqual(40);
    expect(flagged('added').length).toBeGreaterThanOrEqual(40);
  });

  it('counts nothing that was never taught', () => {
    expect(facts.filter((fact) => (fact.stage === 'never') !== (fact.exposures === 0))).toEqual([]);
    expect(flagged('withheld').filter((fact) => fact.stage !== 'never')).toEqual([]);
  });

  it('keeps phrasings held back apart from those seen, and knows them all', () => {
    const known = (fact: Fact): Set<string> => new Set(ledger.relations[fact.relation]!.phrasings.map(({ id }) => id));
    const bad = facts.filter(
      (fact) =>
        fact.held_back.some((id) => seenOf(ledger, fact).has(id)) ||
        seenCount(fact) !== seenOf(ledger, fact).size ||
        fact.held_back.some((id) => !known(fact).has(id)),
    );
    expect(bad).toEqual([]);
  });

  it('states the shares of contradicted facts and the hops of composed ones', () => {
    const shares = flagged('contradicted').filter(
      (fact) => Object.values(fact.shares ?? {}).reduce((sum, count) => sum + count, 0) !== fact.exposures,
    );
    expect(shares).toEqual([]);
    expect(
      flagged('two-hop').filter((fact) => fact.stage !== 'never' || fact.flags.includes('composition-withheld')).length,
    ).toBeGreaterThan(0);
    expect(facts.filter((fact) => (fact.hops ?? []).some((hop) => !byId.has(hop)))).toEqual([]);
  });
});

describe('the tokenizer', async () => {
  const config = json('config.json') as { vocab_size: number; bos_token_id: number };
  const tokenizer = await openTokenizer(
    {
      tokenizerJson: json('tokenizer.json') as Record<string, unknown>,
      tokenizerConfig: json('tokenizer_config.json') as Record<string, unknown>,
    },
    config.vocab_size,
  );

  it('loads, starts every prompt alike, and covers the text', () => {
    expect(tokenizer.bosTokenId).toBe(config.bos_token_id);
    for (const text of ['The capital of France is', '法国的首都是', "L'Espagne", 'Paris']) {
      const [start, ...tokens] = tokenizer.encode(text);
      expect(start!.id).toBe(config.bos_token_id);
      // Tokens that share the bytes of a character overlap there.
      tokens.forEach((token, index) => expect(token.start).toBeLessThanOrEqual(tokens[index - 1]?.end ?? 0));
      expect(tokens.at(-1)!.end).toBe(text.length);
    }
  });

  it('reads a word at the start of a text as in its middle', () => {
    const [, paris] = tokenizer.encode('Paris');
    expect(tokenizer.encode('I like Paris').at(-1)!.id).toBe(paris!.id);
  });

  it('has one token for most answers to the questions asked first', () => {
    const asked = ledgerFacts('capital', 'continent', 'currency', 'language');
    const single = asked.filter((fact) => {
      const { answers } = tokenizer.prepare({ prompt: fact.prompt, answers: [fact.answers[0]!] }, 128);
      return answers[0]!.tokens.length === 1;
    });
    expect(single.length / asked.length).toBeGreaterThan(0.8);
  });

  function ledgerFacts(...relations: string[]): readonly LedgerFact[] {
    return parseLedger(json('ledger.json')).facts.filter((fact) => relations.includes(fact.relation));
  }
});
