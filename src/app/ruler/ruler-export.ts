import type { Words } from '../../views/words';
import { aboutModel, csvFile, provenanceOf, toJson } from '../export/data';
import { factLine } from '../../views/scenes/frame';
import type { Ruler } from './ruler-words';
import { rulerSentence, rulerTable, shiftLines } from './ruler-words';
import { rulerNotes } from './ruler-notes';

/** What both files begin with. */
export function rulerFact({ answers: [first] }: Ruler): string {
  return factLine(first.response.prepared?.fact);
}

/** The comparison row by row; lines that begin with `#` state what it says and where both models come from. */
export function rulerCsv(ruler: Ruler, appVersion: string, now: Date, words: Words): string {
  const table = rulerTable(ruler, words);
  const models = ruler.answers.flatMap(({ info }, side) =>
    aboutModel(provenanceOf(info, appVersion, now)).map(
      ([name, value]) => [`${side === 0 ? 'first' : 'second'} ${name}`, value] as const,
    ),
  );
  const shifts = shiftLines(ruler, words).map(
    ({ name, values, difference }) => [name, `${values[0]}; ${values[1]}; ${difference}`] as const,
  );
  const about = [
    ['table', table.caption],
    ['fact', rulerFact(ruler)],
    ['sentence', rulerSentence(ruler, words)],
    ...rulerNotes(ruler, words).map((note) => ['note', note] as const),
    ...shifts,
    ...models,
  ] as const;
  return csvFile(about, table);
}

/** Both results whole, the numbers between them (second minus first), and where both models come from. */
export function rulerJson(ruler: Ruler, appVersion: string, now: Date, words: Words): string {
  const [first, second] = ruler.answers;
  return toJson({
    provenance: {
      first: provenanceOf(first.info, appVersion, now),
      second: provenanceOf(second.info, appVersion, now),
    },
    fact: rulerFact(ruler),
    sentence: rulerSentence(ruler, words),
    notes: rulerNotes(ruler, words),
    numbers: ruler.numbers,
    results: { first: first.response, second: second.response },
  });
}
