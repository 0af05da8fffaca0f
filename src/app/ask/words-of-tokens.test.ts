import { expect, it } from 'vitest';
import type { Token } from '../../core/fact';
import { tokenGroups } from './words-of-tokens';

type Part = string | readonly number[];

/** Tokens of these bytes, one after the other in a text; a text stands for its own bytes. */
function tokensOf(...parts: readonly Part[]): Token[] {
  let at = 0;
  return parts.map((part, id) => {
    const bytes = typeof part === 'string' ? [...new TextEncoder().encode(part)] : [...part];
    const text = typeof part === 'string' ? part : bytes.map((byte) => `⟨${byte.toString(16)}⟩`).join('');
    const start = at;
    at += typeof part === 'string' ? part.length : 0;
    return { id, text, bytes, start, end: at, special: text.startsWith('<|') };
  });
}
const groups = (...parts: readonly Part[]) =>
  tokenGroups(tokensOf(...parts)).map(({ from, to, word }) => word ?? [from, to].join('-'));

it('puts the pieces of a word together, and nothing else', () => {
  expect(groups('<|endoftext|>', 'In', ' the', ' hol', 'id', 'ays', ',', ' 19', '45', '.')).toEqual([
    '0-1',
    '1-2',
    '2-3',
    ' holidays',
    '6-7',
    ' 1945',
    '9-10',
  ]);
});

it('puts the parts of a character together, within a word and alone', () => {
  const character = [0xe6, 0x88, 0x91];
  const [one, two, three] = character.map((byte) => [byte]) as [number[], number[], number[]];
  expect(groups(one, two, three, '们')).toEqual(['我', '3-4']);
  expect(groups(' caf', [0xc3], [0xa9], 's', ' x')).toEqual([' cafés', '4-5']);
  expect(tokenGroups(tokensOf(one, two, three))[0]).toMatchObject({ split: true, from: 0, to: 3 });
  expect(tokenGroups(tokensOf('a', 'b'))[0]).not.toHaveProperty('split');
});

it('leaves words of scripts without spaces as they are cut', () => {
  expect(groups('巴黎', '是', '法国')).toEqual(['0-1', '1-2', '2-3']);
});

it('has nothing to put together where there is nothing', () => {
  expect(tokenGroups([])).toEqual([]);
  // What no character can be made of stays, and breaks nothing.
  expect(groups([0x80], [0xff], 'a')).toEqual(['0-1', '1-2', '2-3']);
});
