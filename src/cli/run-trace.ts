import { readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { StrataError } from '../core/errors';
import { expandHooks, type HookName } from '../core/hooks';
import { parseInterventions, type Intervention } from '../core/interventions';
import { missingSentence } from '../core/missing-sentences';
import type { Trace } from '../core/run';
import { createEngine } from '../engine/create-engine';
import type { Engine } from '../engine/engine';
import type { RuntimeOptions } from '../engine/session/runtime';
import { missingReason } from '../engine/run/missing';
import { parseTraceArguments, USAGE, type TraceArguments } from './arguments';
import { openModel, type ModelEnvironment } from './find-model';
import { float32, int64, writeSafetensors } from './safetensors';

/** What a process has around it. */
export interface TraceEnvironment extends ModelEnvironment {
  readonly runtime: RuntimeOptions;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

/**
 * `npm run trace`: one run of a model, its hooks written as safetensors (SPEC.md, "Command line").
 * @param argv What follows the command's name.
 * @returns The exit status: 0, or 1 after one line of complaint.
 */
export async function runTrace(argv: readonly string[], environment: TraceEnvironment): Promise<number> {
  return answered(environment, async () => {
    const args = parseTraceArguments(argv);
    return args === 'help' ? USAGE : trace(args, environment);
  });
}

/** Prints what a command has to say. @returns 0, or 1 after one line of complaint. */
export async function answered(
  { print, complain }: Pick<TraceEnvironment, 'print' | 'complain'>,
  command: () => Promise<string>,
): Promise<number> {
  try {
    print(await command());
    return 0;
  } catch (cause) {
    const { message } = StrataError.from(cause);
    // Control characters of file contents stay out of the terminal.
    complain(`strata: ${message.replace(/[\p{Cc}\s]+/gu, ' ').trim()}`);
    return 1;
  }
}

/** @returns What to print. */
async function trace(args: TraceArguments, environment: TraceEnvironment): Promise<string> {
  // Before the long part: what is wrong with the paths.
  if (!existsSync(dirname(args.out))) throw notWritable(args.out);
  const interventions = args.intervene === undefined ? [] : await readInterventions(args.intervene);
  const engine = await createEngine(await openModel(args, environment), environment.runtime);
  try {
    const captures = expand(args.capture, engine);
    const tokens = 'ids' in args.prompt ? args.prompt.ids : engine.tokenize(args.prompt.text).map(({ id }) => id);
    const found = await engine.trace({ tokens, interventions, captures });
    await save(args, engine, found);
    return args.json ? JSON.stringify(summary(args, engine, found)) : report(args, engine, found);
  } finally {
    await engine.dispose();
  }
}

/** What is said of a path that cannot be written. */
export function notWritable(path: string, options?: ErrorOptions): StrataError {
  return new StrataError('invalid-request', `${path} cannot be written.`, { file: path }, options);
}

async function readInterventions(path: string): Promise<Intervention[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const what = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    throw new StrataError('invalid-intervention', `${path} ${what}.`, {}, { cause });
  }
  return parseInterventions(value);
}

function expand(patterns: string, engine: Engine): HookName[] {
  const { hooks, unmatched } = expandHooks(patterns, engine.info.hooks);
  const [missing] = unmatched;
  if (missing === undefined) return hooks;
  const reason = missingReason(engine.info, missing);
  throw new StrataError('unknown-hook', `${engine.info.name} has no hook ${missing}${reason ? `: ${reason}` : ''}.`, {
    hook: missing,
  });
}

async function save(args: TraceArguments, engine: Engine, found: Trace): Promise<void> {
  const { info } = engine;
  const tensors = new Map([
    ['input_ids', int64(found.spec.tokens)],
    ...[...found.captures].map(([hook, value]) => [hook, float32(value)] as const),
  ]);
  const metadata = {
    model: info.name,
    ...revisionOf(engine),
    family: info.family,
    dtype: info.dtype,
    prompt: JSON.stringify(args.prompt),
    interventions: JSON.stringify(found.spec.interventions),
    versions: JSON.stringify(info.versions),
    sha256: JSON.stringify(info.provenance.sha256),
  };
  try {
    await writeFile(args.out, writeSafetensors(tensors, metadata));
  } catch (cause) {
    throw notWritable(args.out, { cause });
  }
}

/** The commit of a model from the hub. */
function revisionOf({ info }: Engine): { readonly revision?: string } {
  const { revision } = info.provenance;
  return revision === undefined ? {} : { revision };
}

function summary(args: TraceArguments, engine: Engine, found: Trace) {
  const { info } = engine;
  return {
    model: info.name,
    ...revisionOf(engine),
    family: info.family,
    dtype: info.dtype,
    n_layers: info.dims.n_layers,
    n_heads: info.dims.n_heads,
    dims: info.dims,
    tokens: found.spec.tokens,
    ...('text' in args.prompt ? { token_texts: engine.describe(found.spec.tokens).map((token) => token.text) } : {}),
    hooks: Object.fromEntries([...found.captures].map(([hook, value]) => [hook, value.dims])),
    missing: info.missing.map(({ reason, ...part }) => ({
      ...part,
      code: reason.code,
      reason: missingSentence(reason),
    })),
    milliseconds: Math.round(found.milliseconds),
    out: args.out,
  };
}

function report(args: TraceArguments, engine: Engine, found: Trace): string {
  const { info } = engine;
  const lines = [...found.captures].map(([hook, value]) => `  ${hook} [${value.dims.join(', ')}]`);
  const head = `${info.name}: ${info.family}, ${info.dims.n_layers} layers, ${info.dims.n_heads} heads, ${found.spec.tokens.length} tokens`;
  return [head, ...lines, `written to ${args.out}`].join('\n');
}
