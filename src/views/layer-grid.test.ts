import { describe, expect, it } from 'vitest';
import { columnWidths, denseWidths, edges, shareOut, visibleColumns } from './layer-grid';

describe('layer grid layout', () => {
  it('gives a column what its longest token needs, within limits', () => {
    const widths = columnWidths(
      [
        ['·a', '·internationalisation'],
        ['·Paris', '·x'],
      ],
      ['·is', '·of'],
      4,
    );
    expect(widths).toEqual([10, 17]);
  });

  it('makes room for a head that is longer than every token under it', () => {
    expect(columnWidths([['·a']], ['·population'], 4)).toEqual([11]);
  });

  it('cuts the longest tokens where that brings all columns into view, but not to nothing', () => {
    const rows = [['·government', '·Constantinople', '·a']];
    const heads = ['·x', '·y', '·z'];
    const within = (room: number) =>
      columnWidths(rows, heads, 4, (widths) => widths.reduce((sum, width) => sum + width, 0) <= room);
    expect(within(40)).toEqual([15, 17, 7]);
    expect(within(36)).toEqual([14, 14, 7]);
    expect(within(30)).toEqual([15, 17, 7]);
  });

  it('shares spare room out; what must be scrolled ends in whole columns', () => {
    expect(shareOut([100, 100], 250)).toEqual([125, 125]);
    expect(shareOut([100, 100, 100], 250)).toEqual([100, 125, 125]);
    expect(shareOut([100, 100, 100], 253)).toEqual([100, 126, 127]);
    expect(shareOut([100, 300], 250)).toEqual([100, 300]);
  });

  it('renders only the columns in view, a few beside them, and the focused one', () => {
    const left = edges(Array.from({ length: 50 }, () => 100));
    expect(left.at(-1)).toBe(5000);
    expect(visibleColumns(left, 1000, 1500, 0)).toEqual([0, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
    expect(visibleColumns(left, 4900, 9000, 49)).toEqual([46, 47, 48, 49]);
    expect(visibleColumns([0], 0, 100, 0)).toEqual([]);
  });
});

describe('columns of a long text', () => {
  const rows = [['Germany', 'of', 'capital', 'Berlin']];
  const heads = ['a', 'b', 'c', 'd'];

  it('are cut to seven characters, but for the one with numbers', () => {
    expect(denseWidths([['internationally', 'of', 'capital', 'Copenhagen']], heads, 3, 3, () => true)).toEqual([
      7, 3, 7, 12,
    ]);
  });

  it('are cut shorter where too few of them would be seen, to five at least', () => {
    expect(denseWidths(rows, heads, 3, 3, (widths) => Math.max(...widths.slice(0, 3)) < 7)).toEqual([6, 3, 6, 9]);
    expect(denseWidths(rows, heads, 3, 3, () => false)).toEqual([5, 3, 5, 9]);
  });
});
