import { afterEach, describe, expect, it, vi } from 'vitest';
import { Recent } from './Recent.svelte';

const fact = (prompt: string) => ({ prompt, answer: 'Paris', foil: '' });

function open(stored: string | null): Recent {
  vi.stubGlobal('localStorage', { getItem: () => stored, setItem: () => undefined });
  return new Recent();
}

describe('facts asked lately', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('are read back, but for what is none', () => {
    const written = [fact('a'), { prompt: 'b' }, 5, null, fact('x'.repeat(2001)), { ...fact('c'), more: true }];
    expect(open(JSON.stringify(written)).facts).toEqual([fact('a'), fact('c')]);
    for (const text of [null, 'null', '{', '{"0":{}}', '"text"']) expect(open(text).facts).toEqual([]);
  });

  it('stand newest first, and are no more than thirty', () => {
    const recent = open(JSON.stringify(Array.from({ length: 40 }, (_, nth) => fact(`old ${nth}`))));
    expect(recent.facts).toHaveLength(30);
    recent.add(fact('new'));
    expect(recent.facts.slice(0, 2)).toEqual([fact('new'), fact('old 0')]);
    expect(recent.facts).toHaveLength(30);
  });
});
