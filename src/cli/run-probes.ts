import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { breathe } from '../core/breathe';
import { parseAnswers, promptOptions, PROMPT_FORMS, type Fact, type PromptOptions } from '../core/fact';
import { DTYPES, type ModelInfo } from '../core/model';
import type { ModelApi } from '../core/model-api';
import { parseOptions } from '../core/options';
import type { OptionsSchema } from '../core/probe';
import type { Report, ReportRow } from '../core/report';
import { createEngine } from '../engine/create-engine';
import { createModelApi } from '../worker/in-thread-api';
import { MODEL_OPTIONS, modelArguments, readArguments, usage, type ModelArguments } from './arguments';
import { openModel } from './find-model';
import { findProbeFolders, type ReportingProbe } from './probe-folders';
import { answered, notWritable, type TraceEnvironment } from './run-trace';

export const PROBE_USAGE = `npm run probe -- --model DIR_OR_ID --probe ID (--text "…" [--answer "…"] | --set FILE) --out FILE.json|csv

  --model      a folder laid out like a hub repository, atlas, atlas@STEP (a checkpoint of its training), or a hub id:
               owner/name or owner/name@revision
  --revision   branch, tag or commit of a hub model (main)
  --hub        address of another hub (https://huggingface.co/); its token is read from HF_TOKEN
  --dtype      ${DTYPES.join(', ')} (fp32)
  --probe      what to look at; --list names them
  --text       the prompt
  --answer     accepted answers, separated by |; without one the model's own next token stands in
  --foil       a wrong answer to hold beside it
  --subject    the part of the prompt that it is about
  --form       text, or chat: the prompt in the model's chat template (text)
  --bos        with or without the token that begins a text (as the tokenizer has it)
  --set        JSON file with a list of facts:
               [{"prompt": "…", "answers": ["…"], "foil": "…", "subject": "…", "form": "chat", "bos": true}, …]
  --options    the probe's options as JSON
  --out        file to write; its ending says how
  --list       name the probes and their options

Layers, heads and positions count from 0; depth is completed layers, 0 = embedding.`;

const OPTIONS = {
  ...MODEL_OPTIONS,
  probe: { type: 'string' },
  text: { type: 'string' },
  answer: { type: 'string' },
  foil: { type: 'string' },
  subject: { type: 'string' },
  form: { type: 'string' },
  bos: { type: 'string' },
  set: { type: 'string' },
  options: { type: 'string' },
  out: { type: 'string' },
  list: { type: 'boolean' },
} as const;

const texts = v.pipe(v.string(), v.minLength(1));
const FactsSchema = v.pipe(
  v.array(
    v.strictObject({
      prompt: texts,
      answers: v.optional(v.array(texts), []),
      foil: v.optional(texts),
      subject: v.optional(texts),
      form: v.optional(v.picklist(PROMPT_FORMS)),
      bos: v.optional(v.boolean()),
    }),
  ),
  v.minLength(1),
);

interface ProbeArguments {
  readonly model: ModelArguments;
  readonly probe: ReportingProbe;
  /** One `undefined` for probes of the model itself. */
  readonly facts: readonly (Fact | undefined)[];
  /** The facts came as a list, so the results do. */
  readonly many: boolean;
  readonly options: unknown;
  readonly out: string;
}

/**
 * `npm run probe`: any probe of the page without the page (docs/definitions.md, “Probe”).
 * @param argv What follows the command's name.
 * @returns The exit status: 0, or 1 after one line of complaint.
 */
export async function runProbes(argv: readonly string[], environment: TraceEnvironment): Promise<number> {
  return answered(environment, async () => {
    const { help, list, ...values } = readArguments(() => parseArgs({ args: [...argv], options: OPTIONS }).values);
    if (help) return PROBE_USAGE;
    const probes = await findProbeFolders();
    if (list) return listOf(probes);
    return probe(await parse(values, probes), environment);
  });
}

type Values = Partial<Record<Exclude<keyof typeof OPTIONS, 'help' | 'list'>, string>>;

async function parse(values: Values, probes: ReadonlyMap<string, ReportingProbe>): Promise<ProbeArguments> {
  const model = modelArguments(values);
  const names = [...probes.keys()].join(', ');
  if (values.probe === undefined) usage(`--probe is missing: choose one of ${names}.`);
  const found = probes.get(values.probe);
  if (!found) usage(`--probe ${values.probe} is not one of ${names}.`);
  const { out } = values;
  if (out === undefined || !/\.(json|csv)$/i.test(out)) usage('--out must name a file that ends in .json or .csv.');
  const options = parseOptions(
    found.meta.options,
    values.options === undefined ? {} : json(values.options, '--options'),
  );
  return { model, probe: found, ...(await factsOf(values, found)), options, out };
}

async function factsOf(
  { text, answer = '', foil, subject, set, ...values }: Values,
  { meta }: ReportingProbe,
): Promise<Pick<ProbeArguments, 'facts' | 'many'>> {
  if (meta.subject === 'model') {
    if (text !== undefined || set !== undefined)
      usage(`The probe ${meta.id} is about the model itself and takes no text.`);
    return { facts: [undefined], many: false };
  }
  if ((text === undefined) === (set === undefined)) usage('Give either --text or --set.');
  if (text !== undefined) {
    const fact = { prompt: text, answers: parseAnswers(answer), foil, subject, ...optionsFrom(values) };
    return { facts: [withSubject(fact)], many: false };
  }
  const parsed = v.safeParse(FactsSchema, json(await readText(set!), set!));
  if (!parsed.success) {
    const path = parsed.issues[0].path?.map(({ key }) => String(key)).join('.');
    usage(`${set} must be a list of facts${path ? `: ${path} does not fit` : ''}.`);
  }
  return { facts: parsed.output.map(withSubject), many: true };
}

function optionsFrom({ form, bos }: Pick<Values, 'form' | 'bos'>): PromptOptions {
  const known = PROMPT_FORMS.find((one) => one === form);
  if (form !== undefined && known === undefined) usage(`--form must be one of ${PROMPT_FORMS.join(', ')}.`);
  if (bos !== undefined && bos !== 'with' && bos !== 'without') usage('--bos must be with or without.');
  return promptOptions({ form: known, bos: bos === undefined ? undefined : bos === 'with' });
}

/** The first place of the prompt where the subject stands. */
function withSubject({ prompt, answers, foil, subject, ...options }: v.InferOutput<typeof FactsSchema>[number]): Fact {
  const fact = { prompt, answers, ...(foil === undefined ? {} : { foil }), ...promptOptions(options) };
  if (subject === undefined) return fact;
  const start = prompt.indexOf(subject);
  if (start < 0) usage(`The subject ${JSON.stringify(subject)} does not stand in ${JSON.stringify(prompt)}.`);
  return { ...fact, subject: [start, start + subject.length] };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return usage(`${path} cannot be read.`);
  }
}

function json(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return usage(`${what} is not JSON.`);
  }
}

function listOf(probes: ReadonlyMap<string, ReportingProbe>): string {
  return [...probes.values()]
    .map(({ meta }) => {
      const usual = Object.entries(parseOptions(meta.options as OptionsSchema<object>, {}));
      const options = usual.map(([name, value]) => `    ${name} (${JSON.stringify(value)})`);
      return [`  ${meta.id}: about ${meta.subject === 'model' ? 'the model' : 'a fact'}`, ...options].join('\n');
    })
    .join('\n');
}

/** @returns What to print. */
async function probe(args: ProbeArguments, environment: TraceEnvironment): Promise<string> {
  // Before the long part: what is wrong with the paths.
  if (!existsSync(dirname(args.out))) throw notWritable(args.out);
  const { api, info } = await open(args, environment);
  try {
    const reports: { readonly fact: Fact | undefined; readonly report: Report }[] = [];
    for (const fact of args.facts) {
      const request = { probe: args.probe.meta.id, ...(fact ? { fact } : {}), options: args.options };
      const { result, labels, prepared } = await api.runProbe(request);
      reports.push({ fact: prepared?.fact ?? fact, report: args.probe.report(result, labels) });
    }
    const content = /\.csv$/i.test(args.out) ? toCsv(args, reports) : toJson(args, info, reports);
    try {
      await writeFile(args.out, content);
    } catch (cause) {
      throw notWritable(args.out, { cause });
    }
    const rows = reports.reduce((sum, { report }) => sum + report.rows.length, 0);
    return `${args.probe.meta.id} of ${info.name}: ${rows} rows written to ${args.out}`;
  } finally {
    await api.dispose();
  }
}

async function open(
  { model, probe: { meta, run } }: ProbeArguments,
  environment: TraceEnvironment,
): Promise<{ readonly api: ModelApi; readonly info: ModelInfo }> {
  const api = createModelApi({
    probes: new Map([[meta.id, { meta, run }]]),
    pause: breathe,
    webgpu: () => Promise.resolve({ kind: 'none', adapter: '' }),
    checks: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    runtimeBytes: () => undefined,
    openModel: () => openModel({ ...model, prompt: { text: '' } }, environment),
    openEngine: (files) => createEngine(files, environment.runtime),
  });
  // What the request says is read by `openModel` above, which knows more kinds of places than a page does.
  const info = await api.load({ source: { kind: 'bundled', id: model.model }, backend: 'wasm' });
  return { api, info };
}

type Reports = readonly { readonly fact: Fact | undefined; readonly report: Report }[];

function toJson({ probe: { meta }, options, many }: ProbeArguments, info: ModelInfo, reports: Reports): string {
  const about = {
    probe: meta.id,
    model: info.name,
    dtype: info.dtype,
    backend: info.backend,
    versions: info.versions,
    sha256: info.provenance.sha256,
    options,
    bench: [],
  };
  const results = reports.map(({ fact, report }) => ({ ...(fact ? { fact } : {}), result: report }));
  return `${JSON.stringify(many ? { ...about, results } : { ...about, ...results[0] }, plainNumber, 1)}\n`;
}

/** JSON has no number for what is not finite: its name stands there. */
const plainNumber = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

function toCsv({ many }: ProbeArguments, reports: Reports): string {
  const rows = reports.flatMap(({ fact, report }): ReportRow[] =>
    many ? report.rows.map((row) => ({ prompt: fact?.prompt, ...row })) : [...report.rows],
  );
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.filter((name) => rows.some((row) => row[name] !== undefined));
  const cell = (value: ReportRow[string]): string => {
    const text = value === undefined ? '' : String(value);
    return typeof value === 'string' ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.join(','), ...rows.map((row) => columns.map((name) => cell(row[name])).join(','))]
    .map((line) => `${line}\r\n`)
    .join('');
}
