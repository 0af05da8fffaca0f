import type { Dtype } from '../../src/core/model';
import { TESTED_LAYOUTS } from '../../src/models/tested-layouts';

export interface Layout {
  /** Below tests/fixtures. */
  readonly folder: string;
  readonly dtype: Dtype;
}

export interface HeldToPyTorch extends Layout {
  /** Largest absolute difference to PyTorch's float32 numbers. */
  readonly tolerance: number;
  /** The file of these numbers, below tests/fixtures. */
  readonly reference: string;
  /** What `training/weight_references.py` wrote beside it: of every weight, and of neurons and an edit. */
  readonly weights: string;
  readonly mlp: string;
}

/** The model that ships, from `training/golden.py`. */
const ATLAS: HeldToPyTorch = {
  folder: '../../public/models/atlas',
  dtype: 'fp32',
  tolerance: 1e-4,
  reference: '../golden/atlas.safetensors',
  weights: '../golden/atlas-weights.json',
  mlp: '../golden/atlas-mlp.safetensors',
};

const TOLERANCE: Readonly<Partial<Record<Dtype, number>>> = { fp32: 1e-4, fp16: 2e-2 };

/** Every tested model file; quantised ones are other models than PyTorch's and are held to themselves only. */
export const LAYOUTS: readonly Layout[] = TESTED_LAYOUTS.flatMap(({ fixture, dtypes }) =>
  dtypes.map((dtype) => ({ folder: fixture, dtype })),
);

export const HELD_TO_PYTORCH: readonly HeldToPyTorch[] = [
  ATLAS,
  ...LAYOUTS.flatMap((layout) => {
    const tolerance = TOLERANCE[layout.dtype];
    const [reference, weights, mlp] = ['reference.safetensors', 'weights.json', 'mlp.safetensors'].map(
      (file) => `${layout.folder}/${file}`,
    ) as [string, string, string];
    return tolerance === undefined ? [] : [{ ...layout, tolerance, reference, weights, mlp }];
  }),
];

/** Files whose graphs or numbers do not allow batches, and why; all others must. */
export const SINGLE: Readonly<Record<string, string>> = {
  'zoo/optimum-gpt2 q8': 'quantised-activations',
  'zoo/optimum-llama q8': 'quantised-activations',
  'layouts/genai-smollm3 int8': 'quantised-activations',
  'layouts/genai-smollm3 uint8': 'quantised-activations',
  'layouts/olmo2 int8': 'quantised-activations',
  'layouts/olmo2 uint8': 'quantised-activations',
  // Its rotary embedding is given the angles of one prompt.
  'layouts/opset23-llama fp32': 'fixed-dimension',
};
