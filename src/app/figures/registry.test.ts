import { describe, expect, it } from 'vitest';
import { smallInfo } from '../../../tests/fixtures/probe-input.ts';
import { TURNS } from '../../core/figure';
import { parseOptions } from '../../core/options';
import { findProbes } from '../../worker/probes';
import { findFigures } from './registry';

const figures = findFigures().map(({ meta, entry }) => ({ id: meta.id, meta, entry }));
const context = {
  info: smallInfo(),
  fact: { prompt: 'a', answers: ['b'] },
  tokens: 3,
  column: 1,
  midLayers: false,
  otherSubjects: ['c'],
};

describe('the figures of the page', () => {
  it('are the probes of the worker, each once and at a place of its own', () => {
    expect(figures.length).toBeGreaterThan(4);
    expect(figures.map(({ id }) => id).toSorted()).toEqual([...findProbes().keys()].toSorted());
    const orders = figures.map(({ entry }) => entry.order);
    expect(new Set(orders).size).toBe(orders.length);
    expect(orders).toEqual(orders.toSorted((a, b) => a - b));
  });

  it.each(figures)('$id has a picture where it has a place, and a slide only of a picture', ({ entry }) => {
    expect(entry.view !== undefined).toBe(entry.place !== 'none');
    if (entry.slide) expect(entry.view).toBeDefined();
  });

  it.each(figures)('$id asks for slots it has, with options its probe reads', ({ meta, entry }) => {
    const usual = parseOptions(entry.settings, undefined) as Record<string, unknown>;
    const flagged = Object.entries(usual).map(([key, value]) => [key, typeof value === 'boolean' ? true : value]);
    const asksWith = (settings: unknown) => TURNS.flatMap((turn) => entry.asks(turn, settings, context));
    // What has no picture of its own may wait until a person turns it on.
    const asks = asksWith(entry.view ? usual : Object.fromEntries(flagged));
    expect(asks.length).toBeGreaterThan(0);
    for (const { slot, options } of asks) {
      expect(entry.slots).toContain(slot);
      expect(parseOptions(meta.options, options)).toMatchObject(options as object);
    }
    if (entry.shows) expect(entry.slots).toContain(entry.shows(context));
  });
});
