import type { UnsupportedReason } from '../core/errors';
import type { GraphView } from './graph';
import { ElementType, type ValueInfo } from './onnx-model';
import { unsupported } from './unsupported';

/**
 * What a decoder's input is for, other than its caches. Lengths are what the runtime's own operators ask for: how many
 * tokens came before (none), how many there are, and the number of the last one.
 */
export type InputRole =
  | 'tokens'
  | 'mask'
  | 'positions'
  | 'segments'
  | 'switch'
  | 'logits-kept'
  | 'past-length'
  | 'total-length'
  | 'last-position';

/** Inputs of models that are no decoders of text, by what they are called everywhere. */
const FOREIGN: readonly (readonly [UnsupportedReason, RegExp])[] = [
  ['vision', /pixel|image|vision|visual|video|patch/i],
  ['audio', /input_(features|values)|audio|speech/i],
  ['encoder-decoder', /encoder|decoder_input/i],
  ['vectors', /inputs?_embed|embeddings?$/i],
];

const INTEGERS = new Set<number>([ElementType.INT64, ElementType.INT32]);

/** Why an input of this name belongs to no decoder of text; undefined when it may. */
export function foreignReason(name: string): UnsupportedReason | undefined {
  return FOREIGN.find(([, pattern]) => pattern.test(name))?.[0];
}

/** What an input is for; undefined for one nobody knows how to fill. @param tokens Name of the one with the ids. */
export function inputRole({ name, elementType }: ValueInfo, tokens: string): InputRole | undefined {
  if (name === tokens) return 'tokens';
  if (foreignReason(name) !== undefined) return undefined;
  if (/mask/i.test(name)) return 'mask';
  if (elementType === ElementType.BOOL) return /cache|past/i.test(name) ? 'switch' : undefined;
  if (/position/i.test(name)) return 'positions';
  if (!INTEGERS.has(elementType)) return undefined;
  if (/token_type|segment/i.test(name)) return 'segments';
  if (/logits_to_keep/i.test(name)) return 'logits-kept';
  if (/past.*len/i.test(name)) return 'past-length';
  if (/total.*len/i.test(name)) return 'total-length';
  return /seqlens?_k/i.test(name) ? 'last-position' : undefined;
}

/** Graph inputs that an output is computed from; all of them where graphs inside the graph read by name. */
export function neededInputs(view: GraphView, output: string): readonly ValueInfo[] {
  const { inputs, initializers } = view.model.graph;
  const needed = new Set([output]);
  for (const name of needed) {
    for (const input of view.producer(name)?.inputs ?? []) if (input !== '') needed.add(input);
  }
  const constants = new Set(initializers.map(({ name }) => name));
  const nested = view.nodes.some((node) => node.attributes.some(({ graph }) => graph));
  return inputs.filter(({ name }) => !constants.has(name) && (nested || needed.has(name)));
}

/**
 * The input with the token ids: `input_ids`, or the only list of integers that is nothing else.
 * @throws StrataError `unsupported-model` when there is none.
 */
function tokensAmong(inputs: readonly ValueInfo[]): string {
  const lists = inputs.filter(
    ({ elementType, dims }) => INTEGERS.has(elementType) && (dims === undefined || dims.length === 2),
  );
  if (lists.some(({ name }) => name === 'input_ids')) return 'input_ids';
  const unknown = lists.filter((input) => inputRole(input, '') === undefined);
  if (unknown.length === 1) return unknown[0]!.name;
  throw unsupported('no-tokens');
}

/**
 * The input with the token ids, once every other one is known to follow from them.
 * @param recognised Name of that input, where the anatomy is understood.
 * @param caches Inputs that are bound already.
 * @throws StrataError `unsupported-model` with the reason, naming the input that belongs to no decoder of text.
 */
export function checkInputs(
  inputs: readonly ValueInfo[],
  recognised: string | undefined,
  caches: ReadonlySet<string>,
): string {
  const open = inputs.filter(({ name }) => !caches.has(name));
  for (const { name } of open) {
    const reason = name === recognised ? undefined : foreignReason(name);
    if (reason) throw unsupported(reason, name);
  }
  const tokens = recognised ?? tokensAmong(open);
  const unknown = open.find((input) => inputRole(input, tokens) === undefined);
  if (unknown) throw unsupported('input', unknown.name);
  return tokens;
}
