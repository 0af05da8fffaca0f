import { throwIfAborted } from '../core/errors';
import type { Fact, PreparedFact, Token } from '../core/fact';
import type { CallOptions, ProbeRequest, ProbeResponse, RunProgress } from '../core/model-api';
import { promptTooLong } from '../core/prompt-length';
import type { RunSpec, Trace } from '../core/run';
import type { Probe } from './deps';
import type { Loaded } from './load-model';

type LensProgress = (done: number, total: number) => void;

/** What a probe needs of the api: runs that are cached, facts that are checked. */
export interface ProbeHost {
  readonly loaded: Loaded;
  prepare(fact: Fact): PreparedFact;
  trace(spec: RunSpec, signal: AbortSignal | undefined, onLens?: LensProgress): Promise<Trace>;
}

/** The model's own next token in place of an answer nobody gave. */
async function withOwnAnswer(host: ProbeHost, prepared: PreparedFact, signal: AbortSignal | undefined) {
  const tokens = prepared.tokens.map((token) => token.id);
  const lens = { positions: [-1], midLayers: false, k: 1, targets: [] };
  const { lens: table } = await host.trace({ tokens, interventions: [], captures: [], lens }, signal);
  const [own] = host.loaded.engine.describe([table!.topIds.at(-1)!]);
  const answer = { text: own!.text, tokens: [own!], seamChanged: false, promptLength: tokens.length };
  return { ...prepared, answers: [answer], ownAnswer: true } satisfies PreparedFact;
}

function labelsOf(host: ProbeHost, result: unknown): Record<number, Token> {
  const named = (result as { readonly tokenIds?: Iterable<number> }).tokenIds;
  const ids = [...new Set(named ?? [])];
  const { labels, engine } = host.loaded;
  for (const token of engine.describe(ids.filter((id) => !labels.has(id)))) labels.set(token.id, token);
  return Object.fromEntries(ids.map((id) => [id, labels.get(id)!]));
}

/** Plans, runs and computes one probe; also gives the traces used, whose buffers the result may share. */
export async function runProbe(
  probe: Probe,
  request: ProbeRequest,
  host: ProbeHost,
  call: CallOptions<RunProgress> = {},
): Promise<{ readonly response: ProbeResponse; readonly traces: readonly Trace[] }> {
  const { info, engine } = host.loaded;
  const { signal } = call;
  const before = performance.now();
  const options = probe.meta.parseOptions(request.options);
  const { fact } = request;
  let prepared = fact ? host.prepare(fact) : undefined;
  const refused = prepared && promptTooLong(prepared.tokens.length, info);
  if (refused) throw refused;
  if (prepared?.answers.length === 0) prepared = await withOwnAnswer(host, prepared, signal);
  const related = fact ? (probe.meta.related?.(fact, options) ?? []).map((other) => host.prepare(other)) : [];
  const input = { info, prepared, options, related };
  const specs = probe.meta.plan(input);
  const traces: Trace[] = [];
  const total = specs.length;
  call.onProgress?.({ done: 0, total });
  for (const spec of specs) {
    const onLens: LensProgress = (done, cells) => {
      // The last step of a run is said by the run itself.
      if (done < cells) call.onProgress?.({ done: traces.length, total, lens: { done, total: cells } });
    };
    traces.push(await host.trace(spec, signal, onLens));
    call.onProgress?.({ done: traces.length, total });
  }
  throwIfAborted(signal);
  const result = probe.compute(input, traces, engine.weights);
  const response: ProbeResponse = {
    result,
    labels: labelsOf(host, result),
    ...(prepared ? { prepared } : {}),
    milliseconds: performance.now() - before,
    backend: info.backend,
  };
  return { response, traces };
}
