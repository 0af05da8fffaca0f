import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { StrataError } from '../core/errors';
import { expandHooks, type HookName } from '../core/hooks';
import { parseInterventions, type Intervention } from '../core/interventions';
import type { ModelFiles } from '../core/model';
import type { Trace } from '../core/run';
import { createEngine } from '../engine/create';
import type { Engine } from '../engine/engine';
import { missingReason } from '../engine/missing';
import { parseTraceArguments, type TraceArguments } from './arguments';
import { importRuntime } from './node-runtime';
import { openFolder } from './open-folder';
import { float32, int64, writeSafetensors } from './safetensors';

/** Models that come with Strata, by id. */
const BUNDLED: Readonly<Record<string, URL>> = {
  atlas: new URL('../../public/models/atlas', import.meta.url),
};
const MAX_THREADS = 4;

/** `npm run trace`: one run of a model, its hooks written as safetensors (SPEC.md, "Command line"). */
async function main(): Promise<void> {
  const args = parseTraceArguments(process.argv.slice(2));
  const interventions = args.intervene === undefined ? [] : await readInterventions(args.intervene);
  const threads = Math.min(MAX_THREADS, availableParallelism());
  const engine = await createEngine(await openModel(args), { threads, importRuntime });
  const captures = expand(args.capture, engine);
  const tokens = 'ids' in args.prompt ? args.prompt.ids : engine.tokenize(args.prompt.text).map((token) => token.id);
  const trace = await engine.trace({ tokens, interventions, captures });
  await save(args, engine, trace);
  console.log(args.json ? JSON.stringify(summary(args, engine, trace)) : report(args, engine, trace));
  await engine.dispose();
}

async function openModel(args: TraceArguments): Promise<ModelFiles> {
  const bundled = BUNDLED[args.model];
  const folder = existsSync(args.model) || !bundled ? args.model : fileURLToPath(bundled);
  return openFolder(folder, args.dtype);
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

async function save(args: TraceArguments, engine: Engine, trace: Trace): Promise<void> {
  const { info } = engine;
  const tensors = new Map([
    ['input_ids', int64(trace.spec.tokens)],
    ...[...trace.captures].map(([hook, value]) => [hook, float32(value)] as const),
  ]);
  const metadata = {
    model: info.name,
    family: info.family,
    dtype: info.dtype,
    prompt: JSON.stringify(args.prompt),
    interventions: JSON.stringify(trace.spec.interventions),
    versions: JSON.stringify(info.versions),
    sha256: JSON.stringify(info.provenance.sha256),
  };
  try {
    await writeFile(args.out, writeSafetensors(tensors, metadata));
  } catch (cause) {
    throw new StrataError('invalid-request', `${args.out} cannot be written.`, { file: args.out }, { cause });
  }
}

function summary(args: TraceArguments, engine: Engine, trace: Trace) {
  const { info } = engine;
  return {
    model: info.name,
    family: info.family,
    dtype: info.dtype,
    n_layers: info.dims.n_layers,
    n_heads: info.dims.n_heads,
    dims: info.dims,
    tokens: trace.spec.tokens,
    ...('text' in args.prompt ? { token_texts: engine.describe(trace.spec.tokens).map((token) => token.text) } : {}),
    hooks: Object.fromEntries([...trace.captures].map(([hook, value]) => [hook, value.dims])),
    missing: info.missing,
    milliseconds: Math.round(trace.milliseconds),
    out: args.out,
  };
}

function report(args: TraceArguments, engine: Engine, trace: Trace): string {
  const { info } = engine;
  const lines = [...trace.captures].map(([hook, value]) => `  ${hook} [${value.dims.join(', ')}]`);
  const head = `${info.name}: ${info.family}, ${info.dims.n_layers} layers, ${info.dims.n_heads} heads, ${trace.spec.tokens.length} tokens`;
  return [head, ...lines, `written to ${args.out}`].join('\n');
}

/** One line for any failure; control characters of file contents stay out of the terminal. */
function complain(cause: unknown): void {
  const { message } = StrataError.from(cause);
  console.error(`strata: ${message.replace(/[\p{Cc}\s]+/gu, ' ').trim()}`);
}

main().then(
  () => process.exit(0),
  (cause: unknown) => {
    complain(cause);
    process.exit(1);
  },
);
