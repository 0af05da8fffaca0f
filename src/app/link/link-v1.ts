import type { KeptAsk } from '../../state/FigureDesk.svelte';
import { indexes, InvalidLink, LIMITS, textWithin, type FigureInLink } from './link-state';

/** Between the parts of a kept curve; no text a person types holds it. */
const BETWEEN = '\u001f';

/** The settings of the continuation, in the order in which links of version 1 joined them. */
const WRITE_PARTS = [
  { name: 'maxTokens', least: 1, most: 500, whole: true },
  { name: 'temperature', least: 0, most: 5, whole: false },
  { name: 'topK', least: 0, most: 1000, whole: true },
  { name: 'topP', least: 0.01, most: 1, whole: false },
  { name: 'seed', least: 0, most: 2 ** 31 - 1, whole: true },
] as const;

function word<const T extends string>(query: URLSearchParams, name: string, choices: readonly T[]): T | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const found = choices.find((one) => one === value);
  if (found === undefined) throw new InvalidLink();
  return found;
}

function writing(value: string | null): Record<string, number> {
  if (value === null) return {};
  const parts = value.split('-');
  if (parts.length !== WRITE_PARTS.length) throw new InvalidLink();
  return Object.fromEntries(
    WRITE_PARTS.map(({ name, least, most, whole }, index) => {
      const part = parts[index]!;
      const number = Number(part);
      const valid = (whole ? /^\d{1,10}$/ : /^\d{1,3}(\.\d{1,6})?$/).test(part) && number >= least && number <= most;
      if (!valid) throw new InvalidLink();
      return [name, number] as const;
    }),
  );
}

function curve(value: string): KeptAsk {
  const [prompt = '', answer, foil, position, ...more] = textWithin(value, LIMITS.text).split(BETWEEN);
  if (prompt === '' || answer === undefined || foil === undefined || more.length > 0) throw new InvalidLink();
  return {
    fields: { prompt, answer, foil },
    options: position === undefined ? {} : { position: indexes(position, 1)[0]! },
  };
}

/** What links of version 1 said of the figures there were then. */
export function readVersion1(query: URLSearchParams): Readonly<Record<string, FigureInLink>> {
  const kept = query.getAll('keep');
  if (kept.length > LIMITS.kept) throw new InvalidLink();
  const figure = (settings: Record<string, unknown>, curves: readonly KeptAsk[] = []): FigureInLink => ({
    settings: Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
    kept: curves,
  });
  const midLayers = word(query, 'mid', ['0', '1']);
  return {
    lens: figure({
      shading: word(query, 'shade', ['p', 'rank', 'entropy', 'kl']),
      midLayers: midLayers && midLayers === '1',
    }),
    emergence: figure({ measure: word(query, 'curve', ['p', 'logp', 'rank', 'diff']) }, kept.map(curve)),
    attention: figure({
      variant: word(query, 'attention', ['plain', 'value', 'rollout']),
      drawing: word(query, 'draw', ['matrix', 'arcs']),
    }),
    continuation: figure(writing(query.get('write'))),
  };
}
