import type { ProbeRun } from '../../core/probe';
import type { ProbeReport } from '../../core/report';
import { writtenText } from '../../core/written-text';
import type { GeneratedToken } from '../../core/writing';
import type { ContinuationOptions, ContinuationResult } from './meta';

/** Writes on from the prompt, and after the tokens that an earlier run wrote before it was cut short. */
export const run: ProbeRun<ContinuationOptions, GeneratedToken, ContinuationResult> = async function* (
  lab,
  { prepared, options, have },
) {
  const tokens = [...have];
  lab.expect(options.maxTokens);
  const ids = [...prepared!.tokens, ...have.map(({ token }) => token)].map(({ id }) => id);
  const writing = lab.write(ids, { ...options, written: have.length });
  let step = await writing.next();
  while (!step.done) {
    tokens.push(step.value);
    yield step.value;
    step = await writing.next();
  }
  return { tokens, text: writtenText(tokens), finish: step.value };
};

/** A row for each written token. */
export const report: ProbeReport<ContinuationResult> = ({ tokens, text, finish }) => ({
  text,
  finish,
  alternatives: tokens.map(({ alternatives }) =>
    alternatives.map(({ token, probability }) => ({ id: token.id, text: token.text, p: probability })),
  ),
  rows: tokens.map(({ token, probability }, step) => ({ step, id: token.id, token: token.text, p: probability })),
});
