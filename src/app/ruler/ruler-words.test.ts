import { describe, expect, it } from 'vitest';
import { answer, prepared, smallInfo, token } from '../../../tests/fixtures/probe-input.ts';
import { emergence } from '../../core/emergence';
import type { AnswerTokens, PreparedFact, Token } from '../../core/fact';
import type { LoadNote, ModelChoice, ModelInfo } from '../../core/model';
import { CHECKPOINT_CHOICES, folderChoice, hubChoice } from '../../models/choices';
import type { EmergenceResult } from '../../probes/emergence/meta';
import { english } from '../i18n/messages';
import { rulerCsv, rulerJson } from './ruler-export';
import { rulerNotes } from './ruler-notes';
import {
  checkpointsBeside,
  defaultSecond,
  layRuler,
  points,
  rulerSentence,
  rulerTable,
  shiftLines,
  withSiblings,
  type RulerAnswer,
} from './ruler-words';

interface Given {
  readonly name?: string;
  readonly dtype?: ModelInfo['dtype'];
  readonly p: readonly number[];
  readonly rank: readonly number[];
  readonly answers?: readonly AnswerTokens[];
  /** The model's own word stands in for the answer. */
  readonly own?: string;
  readonly change?: Partial<ModelInfo>;
  readonly leftOut?: EmergenceResult['answersLeftOut'];
  readonly notes?: readonly LoadNote[];
}

/** One model's answer, embedding first. */
function given({
  name = 'tiny',
  dtype = 'fp32',
  p,
  rank,
  answers,
  own,
  change,
  leftOut = [],
  notes = [],
}: Given): RulerAnswer {
  const found = answers ?? [answer('Paris', [5], 3)];
  const fact: PreparedFact = prepared([0, 1, 2], { answers: found, ...(own === undefined ? {} : { ownAnswer: true }) });
  const dims = { ...smallInfo().dims, n_layers: p.length - 1 };
  const said: Token = { ...token(5), text: own ?? ' Paris' };
  const result = {
    rowDepth: p.map((_, row) => row),
    p: Float64Array.from(p) as unknown as Float32Array,
    rank: Int32Array.from(rank),
    events: emergence(p, rank),
    finalIds: Int32Array.of(5),
    verdict: { ownAnswer: own !== undefined },
    answers: found.map(({ text, tokens }) => ({ text, tokenIds: tokens.map(({ id }) => id), probability: 0.5 })),
    answersLeftOut: leftOut,
  } as unknown as EmergenceResult;
  return {
    choice: hubChoice(`org/${name}`, 'main', dtype),
    info: { ...smallInfo({ dims }), name, dtype, dims, ...change },
    response: { result, labels: { 5: said }, prepared: fact, milliseconds: 1, backend: 'wasm' },
    notes,
  };
}

const full = given({ p: [0, 0.25, 0.75, 0.93], rank: [9, 2, 1, 1] });
const coarse = given({ dtype: 'q8', p: [0, 0.2, 0.25, 0.9], rank: [9, 4, 2, 1] });
const say = (a: RulerAnswer, b: RulerAnswer): string => rulerSentence(layRuler(a, b), english);
const notes = (a: RulerAnswer, b: RulerAnswer): string[] => rulerNotes(layRuler(a, b), english);

describe('the sentence', () => {
  it('says how much later, how much less, and where they differ most', () => {
    expect(say(full, coarse)).toBe(
      'q8 answers “Paris” one layer later than fp32 and gives it 3 points less probability; ' +
        'the curves differ by at most 50 points, at layer 2.',
    );
    expect(say(coarse, full)).toMatch(/^fp32 answers “Paris” one layer earlier than q8 and gives it 3 points more/);
  });

  it('counts layers, and says when nothing differs', () => {
    const late = given({ dtype: 'q4', p: [0, 0, 0, 0, 0.9], rank: [9, 9, 9, 9, 1] });
    const early = given({ p: [0.1, 0.2, 0.5, 0.6, 0.9], rank: [9, 2, 1, 1, 1] });
    expect(say(early, late)).toContain(
      '2 layers later than fp32 and gives it about the same probability; the curves differ',
    );
    const twin = given({ dtype: 'fp16', p: [0, 0.25, 0.75, 0.93], rank: [9, 2, 1, 1] });
    expect(say(full, twin)).toBe(
      'fp16 answers “Paris” from the same layer on as fp32 and gives it about the same probability; ' +
        'the curves differ by less than 0.1 points everywhere.',
    );
  });

  it('says who does not answer, with the rank', () => {
    const lost = given({ dtype: 'q4', p: [0, 0.1, 0.2, 0.004], rank: [9, 9, 9, 1200] });
    expect(say(full, lost)).toMatch(/^q4 does not answer “Paris” as fp32 does \(rank 1,200 instead of 1\) and gives/);
    expect(say(lost, full)).toMatch(/^fp32 answers “Paris” where q4 does not \(rank 1 instead of 1,200\)/);
    const other = given({ p: [0, 0, 0, 0.003], rank: [9, 9, 9, 7] });
    expect(say(other, lost)).toMatch(/^q4, like fp32, does not answer “Paris” \(rank 1,200 instead of 7\) and gives/);
  });

  it('compares models of other depth by the share of their layers, under their names', () => {
    const deep = given({ name: 'large', p: [0, 0, 0, 0, 0, 0, 0.9], rank: [9, 9, 9, 9, 9, 9, 1] });
    expect(say(full, deep)).toMatch(
      /^large answers “Paris” later in its layers than tiny \(after 100\s% of them instead of 67\s%\)/,
    );
    // Between 0.75 and 0.93 the line passes 0.84 where the deep model's fifth layer still has nothing.
    expect(say(full, deep)).toMatch(/at most 84 points, at 83\s% of the depth\.$/);
    expect(notes(full, deep)).toEqual([expect.stringMatching(/^tiny has 3 layers and large has 6\./)]);
  });

  it('does not measure different words against each other', () => {
    const one = given({ p: [0, 0.5], rank: [2, 1], own: ' Paris' });
    const other = given({ dtype: 'q8', p: [0, 0.4], rank: [2, 1], own: ' Rome' });
    expect(say(one, other)).toBe(
      'fp32 would write “·Paris” and q8 would write “·Rome”, so the two curves follow different tokens.',
    );
    expect(notes(one, other)).toEqual(['No answer was given, so each curve follows what its model would write.']);
  });
});

describe('the notes', () => {
  const text = (id: number, piece: string): Token => ({ ...token(id), text: piece });
  const cut = (...pieces: Token[]): AnswerTokens => ({ ...answer('Paris', [], 3), tokens: pieces });
  const curve = { p: [0, 0.5], rank: [2, 1] };
  const whole = given({ ...curve, answers: [cut(text(5, ' Paris'))] });

  it('say when one tokenizer cuts the answer and the other does not', () => {
    const pieces = given({ ...curve, name: 'other', answers: [cut(text(5, ' Par'), text(6, 'is'))] });
    expect(notes(whole, pieces)).toEqual([
      '“Paris” is 1 token for tiny and 2 tokens for other. Rank and curve of an answer in several tokens are those of ' +
        'its first: “·Paris” for tiny, “·Par” for other.',
    ]);
    expect(notes(pieces, { ...pieces, info: { ...pieces.info, dtype: 'q8' } })).toEqual([
      '“Paris” is 2 tokens for both; rank and curves are those of the first, “·Par”.',
    ]);
  });

  it('say when the answer begins otherwise, or cannot be written at all', () => {
    const lower = given({ ...curve, name: 'other', answers: [cut(text(7, 'paris'))] });
    expect(notes(whole, lower)[0]).toContain('begins with “·Paris” for tiny and with “paris” for other');
    const unknown = given({ ...curve, name: 'other', answers: [cut({ ...text(0, '<unk>'), special: true })] });
    expect(notes(whole, unknown)[0]).toContain('The tokenizer of other cannot write “Paris”: “<unk>” stands');
  });

  it('say what was left out, where it ran, and what happened while loading', () => {
    const otherwise = given({
      ...curve,
      dtype: 'q8',
      answers: whole.response.prepared!.answers,
      leftOut: [
        { text: 'Lutetia', reason: 'seam' },
        { text: 'Paname', reason: 'too-long' },
      ],
      change: {
        backend: 'webgpu',
        adapter: 'x',
        backendNote: { code: 'backend-disagrees', details: { difference: 0.125 } },
      },
      notes: [
        { code: 'storage-full', details: {} },
        { code: 'storage-full', details: {} },
      ],
    });
    expect(notes(whole, otherwise)).toEqual([
      'q8 leaves out “Lutetia”, which would change the tokens of the prompt.',
      'q8 leaves out the end of “Paname”, which does not fit what it can read.',
      expect.stringContaining('(fp32: WASM, 1 thread; q8: WebGPU: x)'),
      expect.stringMatching(/^q8: There is no room to keep the model/),
      expect.stringMatching(/^q8: On WebGPU .* 13.% of their range/),
    ]);
  });

  it('say that a model without layers has no depth', () => {
    const output = given({ name: 'flat', p: [0.5], rank: [1] });
    expect(notes(full, output)).toEqual([expect.stringMatching(/^flat shows only its output/)]);
    const [first] = shiftLines(layRuler(full, output), english);
    expect(first!.values[1]).toBe('the output');
  });
});

describe('the numbers', () => {
  it('stand line by line, second minus first', () => {
    const lines = shiftLines(layRuler(full, coarse), english).map((line) => [
      line.key,
      ...line.values,
      line.difference,
    ]);
    expect(lines.map((line) => line.map((text) => text.replaceAll('\u00a0', ' ')))).toEqual([
      ['first', 'layer 2 of 3 (67 %)', 'layer 3 of 3 (100 %)', '+1 layer (+33 % of the depth)'],
      ['stable', 'layer 2 of 3 (67 %)', 'layer 3 of 3 (100 %)', '+1 layer (+33 % of the depth)'],
      ['gap', '75 %', '25 %', '−50 points'],
      ['p', '93 %', '90 %', '−3 points'],
      ['rank', '1', '1', '0'],
      ['promptTokens', '3', '3', '0'],
      ['answerTokens', '1', '1', '0'],
    ]);
  });

  it('say never, and then no shift', () => {
    const never = given({ dtype: 'q8', p: [0, 0, 0, 0.1], rank: [9, 9, 9, 2] });
    const [first, , , , rank] = shiftLines(layRuler(full, never), english);
    expect([first!.values[1], first!.difference, rank!.difference]).toEqual(['never', '–', '+1']);
  });

  it('stand row by row, output on top', () => {
    const { columns, rows } = rulerTable(layRuler(full, coarse), english);
    expect(columns).toEqual(['layer', 'p, fp32', 'p, q8', 'difference of p', 'rank, fp32', 'rank, q8']);
    expect(rows[0]).toEqual(['Layer 3', 0.93, 0.9, -0.03, 1, 1]);
    expect(rows.at(-1)).toEqual(['Embedding', 0, 0, 0, 9, 9]);
    const deep = given({ name: 'large', p: [0, 0.5], rank: [3, 1] });
    const uneven = rulerTable(layRuler(deep, full), english);
    expect(uneven.columns[1]).toBe('layer, large');
    expect(uneven.rows[1]!.slice(1)).toEqual([0.6667, 2, 0.3333, 0.75, 0.4167, '–', 1]);
  });

  it('writes points with sensible digits', () => {
    const written = [0, 0.0004, 0.004, 0.01, -0.034, 0.5].map((difference) => points(difference, english));
    expect(written).toEqual(['0 points', 'less than 0.1 points', '0.4 points', '1 point', '3.4 points', '50 points']);
  });
});

describe('the files', () => {
  const ruler = layRuler(full, coarse);

  it('state both models and what the comparison says', () => {
    const lines = rulerCsv(ruler, '0.1.0', new Date(0), english).split('\r\n');
    expect(lines).toContain('# first model: tiny (gpt2, fp32), folder:small');
    expect(lines).toContain('# second model: tiny (gpt2, q8), folder:small');
    expect(lines.find((line) => line.startsWith('# sentence: q8 answers “Paris” one layer later'))).toBeDefined();
    expect(lines.at(-2)).toBe('Embedding,0,0,0,9,9');
  });

  it('hold both results whole', () => {
    const json = JSON.parse(rulerJson(ruler, '0.1.0', new Date(0), english)) as {
      provenance: Record<string, { dtype: string }>;
      numbers: { stable: { layers: number } };
      results: Record<string, { result: { rank: number[] } }>;
    };
    expect([json.provenance['first']!.dtype, json.provenance['second']!.dtype]).toEqual(['fp32', 'q8']);
    expect(json.numbers.stable.layers).toBe(1);
    expect(json.results['second']!.result.rank).toEqual([9, 4, 2, 1]);
  });
});

describe('the choices', () => {
  const atlas: ModelChoice = { id: 'atlas', name: 'Atlas', source: { kind: 'bundled', id: 'atlas' } };

  it('begin with another precision of the same model', () => {
    const [a, b, c] = [
      hubChoice('x/a', 'main', 'fp32'),
      hubChoice('x/b', 'main', 'q8'),
      hubChoice('x/a', 'main', 'q8'),
    ];
    expect(defaultSecond([atlas, a, b, c], a)).toBe(c);
    expect(defaultSecond([atlas, a, b], b)).toBe(atlas);
  });

  it('begin with a checkpoint midway where nothing else is here', () => {
    const midway = defaultSecond([atlas], atlas);
    expect(midway?.id).toBe('atlas@645');
    expect(defaultSecond([atlas, midway!], midway!)).toBe(atlas);
    expect(defaultSecond([midway!], midway!)?.id).not.toBe(midway!.id);
    const hub = hubChoice('x/b', 'main', 'q8');
    expect(defaultSecond([atlas, hub], atlas)).toBe(hub);
  });

  it('offer every checkpoint once, here or not', () => {
    expect(checkpointsBeside([atlas])).toEqual(CHECKPOINT_CHOICES);
    const beside = checkpointsBeside([atlas, CHECKPOINT_CHOICES[3]!]);
    expect(beside).toEqual(CHECKPOINT_CHOICES.filter(({ id }) => id !== 'atlas@147'));
  });

  it('offer every precision of an opened folder', () => {
    const paths = ['config.json', 'onnx/model.onnx', 'onnx/model_quantized.onnx'];
    const folder = { name: 'f', files: new Map(paths.map((path) => [path, new Blob()])), models: [] };
    const q8 = folderChoice(folder, 'q8');
    expect(withSiblings([atlas, q8]).map(({ id }) => id)).toEqual(['atlas', 'folder:f:fp32', 'folder:f:q8']);
    expect(withSiblings([q8, folderChoice(folder, 'fp32')])).toHaveLength(2);
  });
});
