import { tensor, type Tensor } from '../../core/tensor';
import type { LayerWeight, MissingWeight, ModelWeight, WeightReader } from '../../core/weights';
import type { Anatomy } from '../../onnx/anatomy';
import { WeightFinder, type FoundWeight } from '../../onnx/find-weights';
import type { GraphView } from '../../onnx/graph';
import { allOf } from '../../onnx/stored-values';

/** Decoded weights are kept up to here, those used last; the file itself stays in memory anyway. */
const KEPT_BYTES = 64e6;

/** Reads weights from the file by anatomy. */
export function weightReader(view: GraphView, anatomy: Anatomy | undefined): WeightReader {
  const finder = anatomy && new WeightFinder(view, anatomy);
  const kept = new KeptTensors(KEPT_BYTES);
  const whole = (key: string, find: () => FoundWeight): Tensor | FoundReason => {
    const known = kept.get(key);
    if (known) return known;
    const found = find();
    if (typeof found === 'string') return { reason: found };
    return kept.put(key, tensor(found.dims, allOf(found)));
  };
  return {
    ofModel(name) {
      const found = whole(name, () => finder?.ofModel(name) ?? 'no-anatomy');
      return 'reason' in found ? missing(name, found) : found;
    },
    ofLayer(layer, name) {
      const found = whole(`${layer} ${name}`, () => finder?.ofLayer(layer, name) ?? 'no-anatomy');
      return 'reason' in found ? { ...missing(name, found), layer } : found;
    },
    rowsOf(name, ids) {
      const found = finder?.ofModel(name) ?? 'no-anatomy';
      if (typeof found === 'string') return missing(name, { reason: found });
      const [first = 0, second = 0] = found.dims;
      const byRow = name === 'W_E';
      const [count, d_model] = byRow ? [first, second] : [second, first];
      const rows = new Float32Array(ids.length * d_model);
      ids.forEach((id, row) => {
        if (!Number.isInteger(id) || id < 0 || id >= count) throw new RangeError(`${name} has nothing for token ${id}`);
        for (let at = 0; at < d_model; at++) {
          rows[row * d_model + at] = found.at(byRow ? id * d_model + at : at * count + id);
        }
      });
      return tensor([ids.length, d_model], rows);
    },
  };
}

type FoundReason = Pick<MissingWeight, 'reason'>;

function missing(name: ModelWeight | LayerWeight, { reason }: FoundReason): MissingWeight {
  return { missing: name, reason };
}

/** The tensors asked for last, as many as fit. */
class KeptTensors {
  private readonly tensors = new Map<string, Tensor>();
  private bytes = 0;

  constructor(private readonly limit: number) {}

  get(key: string): Tensor | undefined {
    const found = this.tensors.get(key);
    if (!found) return undefined;
    this.tensors.delete(key);
    this.tensors.set(key, found);
    return found;
  }

  put(key: string, value: Tensor): Tensor {
    this.tensors.set(key, value);
    this.bytes += value.data.byteLength;
    for (const [oldest, { data }] of this.tensors) {
      if (this.bytes <= this.limit) break;
      this.tensors.delete(oldest);
      this.bytes -= data.byteLength;
    }
    return value;
  }
}
