import type { Dtype } from '../../src/core/model';

export interface Layout {
  /** Below tests/fixtures. */
  readonly folder: string;
  readonly dtype: Dtype;
  /** Largest absolute difference to PyTorch's float32 numbers. */
  readonly tolerance: number;
}

/** Families without a zoo folder, exported by tests/fixtures/make_exports.py. */
const EXPORTS = [
  'gpt2-dynamo',
  'gpt2-torchscript',
  'llama-torchscript',
  'opt',
  'bloom',
  'phi',
  'mistral',
  'qwen3',
  'smollm3',
  'gemma3',
];

/** Layouts that torch.onnx does not write by itself, made by training/layouts.py. */
const MADE = ['fused-gpt2', 'genai-qwen3', 'merged-gpt2', 'opset23-llama'];

/** Quantised files are other models: they are held to themselves only. */
export const QUANTISED: readonly Pick<Layout, 'folder' | 'dtype'>[] = [
  { folder: 'zoo/optimum-gpt2', dtype: 'q8' },
  { folder: 'zoo/optimum-llama', dtype: 'q8' },
  { folder: 'zoo/genai-llama', dtype: 'q4' },
];

/** Model files held to PyTorch's numbers. */
export const LAYOUTS: readonly Layout[] = [
  { folder: 'zoo/optimum-gpt2', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'zoo/optimum-llama', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'zoo/optimum-gpt_neox', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'zoo/optimum-qwen2', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'zoo/optimum-o2-gpt2', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'zoo/genai-llama', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'zoo/genai-qwen2', dtype: 'fp32', tolerance: 1e-4 },
  ...EXPORTS.map((name): Layout => ({ folder: `exports/${name}`, dtype: 'fp32', tolerance: 1e-4 })),
  ...MADE.map((name): Layout => ({ folder: `layouts/${name}`, dtype: 'fp32', tolerance: 1e-4 })),
  { folder: 'zoo/optimum-llama', dtype: 'fp16', tolerance: 2e-2 },
  { folder: 'zoo/genai-llama', dtype: 'fp16', tolerance: 2e-2 },
];
