import type { ProbeRun } from '../../core/probe';
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
