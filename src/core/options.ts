import { safeParse } from 'valibot';
import { StrataError } from './errors';
import type { OptionsSchema } from './probe';

function fail(option: string, expected: string): never {
  throw new StrataError('invalid-request', `The option "${option}" must be ${expected}.`, { option });
}

/**
 * A probe's options from untrusted data.
 * @throws StrataError `invalid-request` naming the option and what it must be.
 */
export function parseOptions<Options>(schema: OptionsSchema<Options>, value: unknown): Options {
  // A list is an object to JavaScript, and would pass for one without any entries.
  if (Array.isArray(value)) fail('options', 'an object');
  const parsed = safeParse(schema, value ?? {});
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  return fail(String(issue.path?.[0]?.key ?? 'options'), issue.message);
}
