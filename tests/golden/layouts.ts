import type { Dtype } from '../../src/core/model';

export interface Layout {
  readonly folder: string;
  readonly dtype: Dtype;
  /** Largest absolute difference to PyTorch's float32 numbers. */
  readonly tolerance: number;
}

/** Model files held to PyTorch's numbers. */
export const LAYOUTS: readonly Layout[] = [
  { folder: 'optimum-gpt2', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'optimum-llama', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'optimum-gpt_neox', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'optimum-qwen2', dtype: 'fp32', tolerance: 1e-4 },
  { folder: 'optimum-llama', dtype: 'fp16', tolerance: 2e-2 },
];
