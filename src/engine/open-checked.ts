import { judgeDifference } from '../core/compare-logits';
import { throwIfAborted } from '../core/errors';
import type { HookName } from '../core/hooks';
import { missingReason } from '../core/missing-reasons';
import type { FileCheck, ModelFiles } from '../core/model';
import type { Anatomy } from '../onnx/anatomy';
import type { GraphView } from '../onnx/graph';
import { foreignOrders } from '../onnx/head-order';
import type { Point } from '../onnx/trunk-header';
import { withdrawn } from '../onnx/withdraw';
import type { EngineOptions } from './engine';
import type { Recognised } from './recognised';
import { disagreements, type Precision, type ShortRuns } from './run/guards';
import { fitsTwice } from './run/run-memory';
import { lastStream } from './run/stream-hooks';
import {
  differenceToFile,
  FileVerdict,
  plainHeaders,
  untouchedLogits,
  type FoundDifference,
  type PlainHeaders,
} from './session/file-check';
import { createTail } from './session/open-tail';
import { Seats } from './session/seats';
import type { TailSession } from './session/tail-session';
import { TrunkSession, type RunPlan, type TrunkParts } from './session/trunk-session';

/** What a model is opened from. */
export interface Opening {
  readonly files: ModelFiles;
  /** Everything but the anatomy, which is what is in question. */
  readonly parts: Omit<TrunkParts, 'anatomy'>;
  /** The file as it is, and what a run of it is fed. */
  readonly untouched: { readonly view: GraphView; readonly plan: RunPlan };
  /** Tokens of the short prompt; none where the model has no two to tell apart. */
  readonly tokens: readonly number[];
  readonly options: Pick<EngineOptions, 'kept' | 'signal'>;
}

/** A model's sessions, with as much of its anatomy as agrees with the file. */
export interface OpenModel {
  readonly found: Recognised;
  readonly seats: Seats<TrunkSession>;
  readonly tail: TailSession | undefined;
  /** What was run to find out; undefined where there is no anatomy. */
  readonly short?: ShortRuns;
  readonly fileCheck?: FileCheck;
}

/**
 * Opens the sessions of what was recognised and holds it to the untouched file and to itself, on a short prompt. What
 * does not agree is withdrawn; where the logits themselves do not, all of the anatomy is.
 * @throws StrataError `session-failed`, `out-of-memory`, `run-failed`, …
 */
export async function openChecked(opening: Opening, recognised: Recognised): Promise<OpenModel> {
  const { anatomy } = recognised;
  if (!anatomy || opening.tokens.length === 0) return open(opening, recognised);
  const { view, plan } = opening.parts;
  const headers = plainHeaders(view, anatomy, plan.caches);
  const held = await fileLogits(opening, headers);
  const opened = await open(opening, recognised, headers);
  try {
    const short = await shortRuns(opened, anatomy, opening.tokens);
    const fileCheck = await compared(opening, anatomy, opened, short, held);
    if (fileCheck.kind !== 'different') {
      const ordered = withdrawn(anatomy, foreignOrders(view, anatomy));
      const kept = withdrawn(ordered, disagreements(view, ordered, short, precisionOf(opening)));
      return { ...opened, found: { anatomy: kept }, short, fileCheck };
    }
    await close(opened);
    const { difference } = fileCheck;
    return { ...(await open(opening, { reason: missingReason('logits-differ', { difference }) })), fileCheck };
  } catch (cause) {
    await close(opened);
    throw cause;
  }
}

/** Operators whose products are of rounded activations. */
const ROUNDING = /DynamicQuantize|MatMulNBits/;

function precisionOf({ files, parts: { view, backend } }: Opening): Precision {
  const half = backend === 'webgpu' && files.dtype !== 'fp32';
  return half || view.nodes.some(({ op }) => ROUNDING.test(op)) ? 'rounded' : 'exact';
}

/** @param made Headers of this anatomy, where there are some already. */
async function open({ files, parts, options }: Opening, found: Recognised, made?: PlainHeaders): Promise<OpenModel> {
  const { anatomy } = found;
  throwIfAborted(options.signal);
  const { runtime, backend, view, weights, plan, deadline } = parts;
  const headers = made ?? (anatomy && plainHeaders(view, anatomy, plan.caches));
  const tail =
    anatomy && headers && (await createTail(runtime, backend, view, anatomy, weights, deadline, headers.tail));
  // For the session that is opened now; it is not held beyond that.
  let first = headers?.trunk;
  const openTrunk = (points: readonly Point[]): Promise<TrunkSession> => {
    const trunk = points.length === 0 ? first : undefined;
    first = undefined;
    return TrunkSession.open({ ...parts, anatomy }, points, 'many-runs', trunk);
  };
  const seats = new Seats(openTrunk, () => fitsTwice(files));
  const opened = { found, seats, tail };
  try {
    await seats.take([]);
    return opened;
  } catch (cause) {
    await close(opened);
    throw cause;
  }
}

async function close({ seats, tail }: OpenModel): Promise<void> {
  await seats.close();
  await tail?.release();
}

/** What the file itself says, now or at an earlier load. */
type Held =
  | { readonly verdict: FileVerdict; readonly before: FoundDifference }
  | { readonly verdict: FileVerdict; readonly now: Awaited<ReturnType<typeof untouchedLogits>> };

async function fileLogits({ files, parts, untouched, tokens, options }: Opening, headers: PlainHeaders): Promise<Held> {
  const verdict = new FileVerdict(options.kept, headers);
  const before = await verdict.read();
  if (before !== undefined) return { verdict, before };
  // On the processor, whose numbers a graphics device is held to as well.
  const plain: TrunkParts = { ...parts, ...untouched, backend: 'wasm', anatomy: undefined };
  return { verdict, now: await untouchedLogits(plain, tokens, files) };
}

async function compared(
  { files, parts, options }: Opening,
  anatomy: Anatomy,
  { tail }: OpenModel,
  { prompts, values }: ShortRuns,
  held: Held,
): Promise<FileCheck> {
  if ('before' in held) return judgeDifference('file', files.dtype, held.before);
  if ('kind' in held.now) return held.now;
  const stream = values[0].get(lastStream(anatomy)!)!;
  const positions = prompts[0].map((_, position) => position);
  const logits = await tail!.wide('logits', [stream], positions, options.signal);
  const difference = differenceToFile(logits, held.now, parts.plan.d_vocab);
  await held.verdict.write(difference);
  return judgeDifference('file', files.dtype, { difference, when: 'now' });
}

/** Every hook on two prompts of one beginning. */
async function shortRuns({ seats }: OpenModel, anatomy: Anatomy, tokens: readonly number[]): Promise<ShortRuns> {
  const shared = Math.floor(tokens.length / 2);
  const prompts = [tokens, [...tokens.slice(0, shared), ...tokens.slice(shared).reverse()]] as const;
  const hooks: readonly HookName[] = [...anatomy.sites.keys()];
  const session = await seats.take([]);
  const run = (prompt: readonly number[]) => session.run([prompt], hooks, [new Map()]);
  return { prompts, shared, values: [await run(prompts[0]), await run(prompts[1])] };
}
