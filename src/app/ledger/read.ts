import { makeLedger, type Ledger } from './ledger';
import { parseFact, parseHeader, type FactOfFile } from './stored-ledger';

/** Characters read at a stretch: a few milliseconds of work on a slow device. */
const PIECE = 150_000;

/** Lets the page answer what was typed or clicked meanwhile. */
export const giveWay = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

/** Where a string that opens at `open` closes. */
function endOfString(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

interface Place {
  /** After the list's opening bracket. */
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a JSON object whose member `list` is a long array, a stretch at a time, so that the page is never held up for
 * as long as `JSON.parse` of the whole would.
 * @param pause called between two stretches.
 * @param read makes of every item of the list what it is to be.
 * @throws SyntaxError when the text is not JSON.
 */
export async function parseInPieces(
  text: string,
  list: string,
  pause: () => Promise<void> = giveWay,
  piece = PIECE,
  read: (item: unknown) => unknown = (item) => item,
): Promise<unknown> {
  const items: unknown[] = [];
  const found = await readList(text, list, pause, piece, (item) => items.push(read(item)));
  if (!found) return JSON.parse(text) as unknown;
  const rest = JSON.parse(text.slice(0, found.start) + text.slice(found.end)) as Record<string, unknown>;
  return { ...rest, [list]: items };
}

async function readList(
  text: string,
  list: string,
  pause: () => Promise<void>,
  piece: number,
  take: (item: unknown) => void,
): Promise<Place | undefined> {
  const key = `"${list}"`;
  let depth = 0;
  let start = -1;
  let from = 0;
  const takeUntil = (to: number): void => {
    (JSON.parse(`[${text.slice(from, to)}]`) as unknown[]).forEach(take);
    from = to + 1;
  };
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      // The array of this member of the outermost object.
      if (depth === 1 && start < 0 && text.startsWith(key, at)) {
        const opening = /^\s*:\s*\[/.exec(text.slice(end + 1, end + 100));
        if (opening) {
          at = end + opening[0].length;
          start = from = at + 1;
          depth = 2;
          continue;
        }
      }
      at = end;
    } else if (code === 91 || code === 123) depth++;
    else if (code === 93 || code === 125) {
      depth--;
      if (start >= 0 && depth === 1) {
        takeUntil(at);
        return { start, end: at };
      }
    } else if (code === COMMA && depth === 2 && start >= 0 && at - from > piece) {
      takeUntil(at);
      await pause();
    }
  }
  return undefined;
}

/**
 * A ledger's file as a ledger, read a stretch at a time.
 * @throws SyntaxError or ValiError when it is not a ledger of a version this app knows.
 */
export async function readLedger(text: string, pause?: () => Promise<void>): Promise<Ledger> {
  const facts: FactOfFile[] = [];
  const data = await parseInPieces(text, 'facts', pause, PIECE, (item) => facts.push(parseFact(item)));
  return makeLedger(parseHeader(data), facts);
}
