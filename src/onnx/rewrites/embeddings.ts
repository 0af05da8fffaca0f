import { makeFloat, makeInt } from '../emit';
import type { GraphView } from '../graph';
import { attribute, ElementType, standardOpset, type OnnxNode } from '../onnx-model';
import { projectionEnd } from '../projection';
import { inputRole } from '../inputs';
import { named, typeOr32, type Rewriter } from './rewriter';

/** As the operator's description has it. */
const EPSILON = 1e-12;

/** EmbedLayerNormalization: the look-ups, their sum and its norm, each by itself. */
export function embedLayerNormalization(rewriter: Rewriter, node: OnnxNode): boolean {
  const [ids, segments, words, positions, types, gain, bias, , positionIds] = node.inputs.map(named);
  const [normed, lengths, sum] = node.outputs.map(named);
  if (!ids || !words || !positions || !gain || !bias || !normed) return false;
  // How many tokens are no padding, for an encoder's attention.
  if (lengths !== undefined && rewriter.view.consumers(lengths).length > 0) return false;
  if ((types === undefined) !== (segments === undefined)) return false;
  const lookup = (table: string, index: string): string => rewriter.add('Gather', [table, index], [makeInt('axis', 0)]);
  const order = positionIds ?? countedPositions(rewriter, ids);
  const placed = rewriter.add('Add', [lookup(words, ids), lookup(positions, order)], [], types ? undefined : sum);
  const total = types && segments ? rewriter.add('Add', [placed, lookup(types, segments)], [], sum) : placed;
  const epsilon = makeFloat('epsilon', attribute(node, 'epsilon')?.f ?? EPSILON);
  rewriter.add('LayerNormalization', [total, gain, bias], [makeInt('axis', -1), epsilon], normed);
  return true;
}

/** `[1, T]`: 0, 1, 2, … for ids `[batch, T]`. */
function countedPositions(rewriter: Rewriter, ids: string): string {
  const range = [rewriter.int64([0], []), rewriter.size(ids, 1), rewriter.int64([1], [])];
  return rewriter.reshape(rewriter.add('Range', range), [1, -1]);
}

/**
 * A product with the embedding as it lies in the table, in whole numbers (quantisers leave it so where nothing stands
 * between the two): the product of the restored numbers, so that it reads the same stream as everything else.
 */
export function quantisedEmbeddingProduct(rewriter: Rewriter, node: OnnxNode): boolean {
  const { view } = rewriter;
  const [activation = '', weight = '', , zero] = node.inputs;
  const restored = restoredLookup(view, activation);
  const cast = onlyReader(view, node.outputs[0]);
  const end = onlyReader(view, cast?.outputs[0]);
  const joint = end?.inputs.find((input) => input !== cast?.outputs[0]);
  const scales = view.producer(joint ?? '');
  if (!restored || cast?.op !== 'Cast' || end?.op !== 'Mul' || scales?.op !== 'Mul') return false;
  if (end.outputs[0] !== projectionEnd(view, node).product) return false;
  const [, ofActivation] = restored.inputs;
  const scale = scales.inputs[scales.inputs[0] === ofActivation ? 1 : 0]!;
  const perColumn = view.constant(scale)?.dims.some((dim) => dim > 1);
  if (!view.isConstant(scale) || (perColumn && standardOpset(view.model) < 13)) return false;
  const stored = named(zero) === undefined ? [weight, scale] : [weight, scale, zero!];
  const numbers = rewriter.add('DequantizeLinear', stored, perColumn ? [makeInt('axis', 1)] : []);
  rewriter.add('MatMul', [restored.outputs[0]!, numbers], [], end.outputs[0]!);
  rewriter.drop(cast);
  rewriter.drop(end);
  return true;
}

/**
 * Segments that are looked up in the table of tokens (GPT-2 and its kin): without any the model adds nothing, while a
 * segment 0 would add the vector of token 0. The product with zero stands in the place of the look-up.
 */
export function tokenTableSegments(rewriter: Rewriter, node: OnnxNode): boolean {
  const { view } = rewriter;
  const [table = '', segments = ''] = node.inputs;
  const found = node.outputs[0];
  const input = view.model.graph.inputs.find(({ name }) => name === view.strip(segments));
  if (!found || !input || inputRole(input, '') !== 'segments' || !view.isConstant(table)) return false;
  const tokens = view
    .consumers(table)
    .some((other) => other.op === 'Gather' && other !== node && view.strip(other.inputs[1] ?? '') !== input.name);
  if (!tokens) return false;
  const looked = rewriter.add('Gather', node.inputs, node.attributes);
  rewriter.add('Mul', [looked, rewriter.float(0, typeOr32(view.elementType(found)))], [], found);
  return true;
}

/** The node that restores what was looked up in a table of whole numbers. */
function restoredLookup(view: GraphView, name: string): OnnxNode | undefined {
  const lookup = view.producer(name);
  const whole = [ElementType.INT8, ElementType.UINT8] as readonly number[];
  if (lookup?.op !== 'Gather' || !view.isConstant(lookup.inputs[0] ?? '')) return undefined;
  if (!whole.includes(view.elementType(name))) return undefined;
  return view.consumers(name).find((node) => node.op === 'DequantizeLinear' && node.inputs[0] === name);
}

function onlyReader(view: GraphView, name: string | undefined): OnnxNode | undefined {
  const [reader, second] = name === undefined ? [] : view.consumers(name);
  return second ? undefined : reader;
}
