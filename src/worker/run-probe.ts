import { StrataError, throwIfAborted } from '../core/errors';
import type { Fact, Labels, PreparedFact, Token } from '../core/fact';
import type { ProbeCall, ProbeRequest, ProbeResponse } from '../core/model-api';
import { needsLens } from '../core/needs';
import { parseOptions } from '../core/options';
import { promptTooLong } from '../core/prompt-length';
import type { NamesTokens } from '../core/probe';
import type { Trace } from '../core/run';
import type { Probe } from './deps';
import { WorkerLab, type LabHost } from './lab';
import type { Loaded } from './load-model';
import { withPreferredJoins } from './prefer-join';
import { buffersOf } from './transferable';

/** A call as it stands in this thread. */
export interface RunCall<Part = unknown> extends Omit<ProbeCall<Part>, 'onPart'> {
  /**
   * A part counts as taken once this resolves.
   * @param kept buffers it may share with traces that stay in use.
   */
  readonly onPart?: (part: Part, labels: Labels, kept: ReadonlySet<ArrayBufferLike>) => Promise<void> | void;
}

export interface ProbeHost extends Omit<LabHost, 'engine'> {
  readonly loaded: Loaded;
}

/** The model's own next token in place of an answer nobody gave. */
async function withOwnAnswer({ loaded }: ProbeHost, lab: WorkerLab, prepared: PreparedFact): Promise<PreparedFact> {
  const tokens = prepared.tokens.map((token) => token.id);
  const lens = { positions: [-1], midLayers: false, k: 1, targets: [] };
  const { lens: table } = await lab.run({ tokens, interventions: [], captures: [], lens });
  const [own] = loaded.engine.describe([table!.topIds.at(-1)!]);
  const answer = { text: own!.text, tokens: [own!], seamChanged: false, promptLength: tokens.length };
  return { ...prepared, answers: [answer], ownAnswer: true };
}

function labelsOf({ loaded: { labels, engine } }: ProbeHost, result: unknown): Labels {
  const named = (result as Partial<NamesTokens> | undefined)?.tokenIds;
  const ids = [...new Set(named ?? [])];
  for (const token of engine.describe(ids.filter((id) => !labels.has(id)))) labels.set(token.id, token);
  return Object.fromEntries(ids.map((id): [number, Token] => [id, labels.get(id)!]));
}

/** Fact to tokens, refused where it is too long. */
function prepare(host: ProbeHost, fact: Fact): PreparedFact {
  const prepared = host.prepare(fact);
  const refused = promptTooLong(prepared.tokens.length, host.loaded.info);
  if (refused) throw refused;
  return prepared;
}

/** Runs one probe to its end; also gives the traces used, whose buffers the result may share. */
export async function runProbe(
  probe: Probe,
  request: ProbeRequest,
  host: ProbeHost,
  call: RunCall = {},
): Promise<{ readonly response: ProbeResponse; readonly traces: readonly Trace[] }> {
  const { info, engine } = host.loaded;
  const { meta } = probe;
  const before = performance.now();
  const options = parseOptions(meta.options, request.options);
  const { fact } = request;
  if (!fact && meta.subject !== 'model') {
    throw new StrataError('invalid-request', `The probe "${meta.id}" needs a fact.`, { probe: meta.id });
  }
  let prepared = fact && prepare(host, fact);
  const missing = meta.needs(info);
  if (missing) {
    const message = `This model does not show what the probe "${meta.id}" needs: ${missing.part}.`;
    throw new StrataError('unknown-anatomy', message, { part: missing.part });
  }
  const signal = call.signal ?? new AbortController().signal;
  if (prepared?.answers.length === 0 && meta.needsAnswer) {
    prepared = await withOwnAnswer(host, new WorkerLab({ ...host, engine }, signal), prepared);
  }
  // Without the output of a layer there is no distribution to ask.
  if (prepared && needsLens(info) === undefined) {
    prepared = await withPreferredJoins(new WorkerLab({ ...host, engine }, signal), prepared, info.limits.tokens);
  }
  const lab = new WorkerLab({ ...host, engine }, signal, call.onProgress);
  const stream = probe.run(lab, { info, prepared, options, have: request.have ?? [] });
  let step = await stream.next();
  while (!step.done) {
    await call.onPart?.(step.value, labelsOf(host, step.value), buffersOf(lab.used));
    throwIfAborted(signal);
    step = await stream.next();
  }
  throwIfAborted(signal);
  const result = step.value;
  const response: ProbeResponse = {
    result,
    labels: labelsOf(host, result),
    ...(prepared ? { prepared } : {}),
    milliseconds: performance.now() - before,
    backend: info.backend,
  };
  return { response, traces: lab.used };
}
