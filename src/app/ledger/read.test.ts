import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseLedger } from './ledger';
import { parseInPieces, readLedger } from './read';
import { sampleFact, sampleRelation, storedLedger } from '../../../tests/fixtures/sample-ledger';

const noPause = (): Promise<void> => Promise.resolve();

describe('reading a long list in pieces', () => {
  const data = {
    version: 1,
    facts: [
      { id: 'a', text: 'a "quoted" ] } , \\', inner: [1, [2, { facts: [] }]], n: null },
      { id: 'b', text: '首都 \u2028 \ud83d\ude00', inner: {} },
      'a string, with commas ]',
      [],
      3.5,
    ],
    relations: { facts: { is: ['not', 'the list'] } },
  };

  it('gives what JSON.parse gives, however small the pieces', async () => {
    for (const text of [JSON.stringify(data), JSON.stringify(data, null, 2)]) {
      for (const piece of [0, 7, 60, 1e6]) {
        expect(await parseInPieces(text, 'facts', noPause, piece)).toEqual(JSON.parse(text));
      }
    }
  });

  it('pauses between pieces', async () => {
    let pauses = 0;
    await parseInPieces(
      JSON.stringify(data),
      'facts',
      () => {
        pauses++;
        return Promise.resolve();
      },
      0,
    );
    expect(pauses).toBe(data.facts.length - 1);
  });

  it('takes any other JSON as it is, and refuses what is none', async () => {
    for (const text of ['{"facts":[]}', '{"facts":{"a":1}}', '{"other":[1,2]}', '[{"facts":[1]}]', 'null', '"facts"']) {
      expect(await parseInPieces(text, 'facts', noPause, 0)).toEqual(JSON.parse(text));
    }
    for (const text of [
      '',
      '{"facts":[1,2',
      '{"facts":[1,,2]}',
      '{"facts":[1]',
      '{"facts":[1]}}',
      '<html>',
      '{"facts":["\\',
    ]) {
      await expect(parseInPieces(text, 'facts', noPause, 0)).rejects.toThrow(SyntaxError);
    }
  });

  it('reads the ledger of Atlas', async () => {
    const text = readFileSync(
      fileURLToPath(new URL('../../../public/models/atlas/ledger.json', import.meta.url)),
      'utf8',
    );
    expect(await parseInPieces(text, 'facts', noPause)).toEqual(JSON.parse(text));
  });
});

describe('the ledger of a file', () => {
  const stored = storedLedger({ capital: sampleRelation('capital', [{ id: '0', template: '{s}: {a}' }]) }, [
    sampleFact({ id: 'a' }),
  ]);

  it('is the same read in pieces and at once', async () => {
    const text = readFileSync(
      fileURLToPath(new URL('../../../public/models/atlas/ledger.json', import.meta.url)),
      'utf8',
    );
    expect(await readLedger(text, noPause)).toEqual(parseLedger(JSON.parse(text)));
  });

  it.each([
    ['another version', { ...stored, version: 2 }],
    ['no facts', { ...stored, facts: undefined }],
    ['facts that are no list', { ...stored, facts: { 0: sampleFact({}) } }],
    ['a fact without an answer', { ...stored, facts: [sampleFact({}), { ...sampleFact({}), answers: undefined }] }],
    ['a fact taught by no bits', { ...stored, facts: [sampleFact({ seen: '*' })] }],
    ['a relation without wordings', { ...stored, relations: { capital: sampleRelation('capital', []) } }],
    ['a list', [stored]],
  ])('is refused with %s', async (_, data) => {
    expect(() => parseLedger(data)).toThrow();
    await expect(readLedger(JSON.stringify(data), noPause)).rejects.toThrow();
  });

  it('is read with what it leaves out put in', async () => {
    const { language: _language, held_back: _held, stage: _stage, flags: _flags, ...sparse } = sampleFact({});
    const read = await readLedger(JSON.stringify({ ...stored, facts: [sparse] }), noPause);
    expect(read.facts).toEqual([sampleFact({})]);
  });
});
