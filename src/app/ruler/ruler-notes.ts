import { backendText } from '../models/backend-text';
import { noteText } from '../models/load-notes';
import { canonical, isOwn, quoted, type Ruler } from './ruler-words';
import type { Words } from '../../views/words';

/** What the two tokenizers make of the answer, where that is not one and the same token. */
function answerNote({ answers, names }: Ruler, words: Words): string | undefined {
  const [first, second] = answers.map(canonical);
  if (!first || !second || answers.some(isOwn)) return undefined;
  const [a, b] = names;
  const [tokenA, tokenB] = [first, second].map(({ tokens }) => quoted(tokens[0]?.text ?? ''));
  const answer = quoted(first.text);
  const [countA, countB] = [first.tokens.length, second.tokens.length];
  const values = { a, b, answer, tokenA: tokenA!, tokenB: tokenB! };
  if (countA !== countB) {
    const counts = { countA: words.count('tokens', countA), countB: words.count('tokens', countB) };
    return words('ruler.note.pieces', { ...values, ...counts });
  }
  if (tokenA !== tokenB) return words('ruler.note.otherTokens', values);
  return countA > 1 ? words('ruler.note.several', { ...values, count: countA }) : undefined;
}

function unknownNotes({ answers, names }: Ruler, words: Words): string[] {
  return answers.flatMap((answer, side) => {
    const found = canonical(answer);
    const unknown = isOwn(answer) ? undefined : found?.tokens.find(({ special }) => special);
    if (!found || !unknown) return [];
    return [
      words('ruler.note.unknown', { name: names[side]!, answer: quoted(found.text), token: quoted(unknown.text) }),
    ];
  });
}

function leftOutNotes({ answers, names }: Ruler, words: Words): string[] {
  return answers.flatMap(({ response }, side) =>
    response.result.answersLeftOut.map(({ text, reason }) =>
      words(`ruler.note.leftOut.${reason}`, { name: names[side]!, answer: quoted(text) }),
    ),
  );
}

function layersNotes({ answers: [first, second], names: [a, b], numbers }: Ruler, words: Words): string[] {
  const layers = [first.info.dims.n_layers, second.info.dims.n_layers] as const;
  const outputOnly = [a, b].filter((_, side) => layers[side] === 0);
  if (outputOnly.length > 0) return outputOnly.map((name) => words('ruler.note.outputOnly', { name }));
  if (numbers.sameLayers) return [];
  return [words('ruler.note.layers', { a, b, layersA: layers[0], layersB: layers[1] })];
}

function backendNotes({ answers: [first, second], names: [a, b] }: Ruler, words: Words): string[] {
  if (first.info.backend === second.info.backend) return [];
  const labels = { backendA: backendText(first.info, words), backendB: backendText(second.info, words) };
  return [words('ruler.note.backends', { a, b, ...labels })];
}

function loadNotes({ answers, names }: Ruler, words: Words): string[] {
  return answers.flatMap(({ notes, info }, side) => {
    const all = [...notes, ...(info.backendNote ? [info.backendNote] : [])].map((note) => noteText(note, words));
    return [...new Set(all)].map((note) => words('ruler.note.of', { name: names[side]!, note }));
  });
}

/** What a reader must know before believing the numbers, one sentence each. */
export function rulerNotes(ruler: Ruler, words: Words): string[] {
  const answer = answerNote(ruler, words);
  return [
    ...unknownNotes(ruler, words),
    ...(answer === undefined ? [] : [answer]),
    ...(ruler.answers.some(isOwn) ? [words('ruler.note.own')] : []),
    ...leftOutNotes(ruler, words),
    ...layersNotes(ruler, words),
    ...backendNotes(ruler, words),
    ...loadNotes(ruler, words),
  ];
}
