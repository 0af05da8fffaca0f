import type { Dtype } from '../../src/core/model';

export interface Layout {
  readonly folder: string;
  readonly dtype: Dtype;
  /** Largest absolute difference to PyTorch's float32 numbers. */
  readonly tolerance: number;
}

/** Quantised files are other models: they are held to themselves only. */
export const QUANTISED: readonly Pick<Layout, 'folder' | 'dtype'>[] = [
  { folder: 'optimum-gpt2', dtype: 'q8' },
  { folder: 'optimum-llama', dtype: 'q8' },
  { folder: 'genai-llama', dtype: 'q4' },
];

/** Model files held to PyTorch's numbers. */
export const LAYOUTS: readonly Layout[] = [
  { folder: 'optimum-gpt2', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'optimum-llama', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'optimum-gpt_neox', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'optimum-qwen2', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'optimum-o2-gpt2', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'genai-llama', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'genai-qwen2', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'optimum-llama', dtype: 'fp16', tolerance: 2e-2 },
  { folder: 'genai-llama', dtype: 'fp16', tolerance: 2e-2 },
];
