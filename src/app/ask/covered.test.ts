import { expect, it } from 'vitest';
import type { LedgerFact } from '../ledger/ledger';
import { coveredFacts } from './covered';

const fact = (prompt: string, subject: string, ...answers: string[]): LedgerFact => ({
  id: prompt,
  relation: 'r',
  subject,
  answers,
  language: 'en',
  prompt,
  seen: '',
  held_back: [],
  exposures: 1,
  stage: 'pre',
  flags: [],
});
const FACTS = [
  fact('The capital of Norway is', 'Norway', 'Oslo'),
  fact('Oslo is the capital of', 'Oslo', 'Norway'),
  fact('Norway lies in', 'Norway', 'Europe'),
  fact('The capital of Peru is', 'Peru', 'Lima'),
  fact('The capital of Perú', 'São Tomé', 'x'),
];
const listed = (text: string) => coveredFacts(FACTS, text).map(({ prompt }) => prompt);

it('leaves out what names the answer of another question in the list', () => {
  expect(listed('')).toEqual([
    'The capital of Norway is',
    'Norway lies in',
    'The capital of Peru is',
    'The capital of Perú',
  ]);
});

it('finds questions, and none by its answer', () => {
  expect(listed('norway')).toEqual(['The capital of Norway is', 'Norway lies in']);
  expect(listed('Lima')).toEqual([]);
  // Asked from the other side, it is a question like any other.
  expect(listed('Oslo')).toEqual(['Oslo is the capital of']);
  expect(listed('sao tome')).toEqual(['The capital of Perú']);
});
