import type { Dtype } from '../core/model';

/** How an exporter lays a decoder's graph out. */
export const GRAPH_LAYOUTS = {
  optimum: 'optimum, with past',
  'optimum-o2': 'optimum, O2 fusions',
  merged: 'merged decoder (If)',
  fused: 'ONNX Runtime fusions',
  'fused-past': 'ONNX Runtime fusions, past in one tensor',
  genai: 'ONNX Runtime GenAI builder',
  'genai-mha': 'ONNX Runtime GenAI builder, MultiHeadAttention',
  dynamo: 'torch.onnx, dynamo',
  torchscript: 'torch.onnx, TorchScript',
  opset23: 'torch.onnx, opset 23 Attention',
} as const;
export type GraphLayout = keyof typeof GRAPH_LAYOUTS;

/** A model file in tests/fixtures that the golden tests hold to PyTorch's numbers, or to its own where it is quantised. */
export interface TestedLayout {
  /** Folder below tests/fixtures. */
  readonly fixture: string;
  /** config.json's model_type. */
  readonly family: string;
  readonly layout: GraphLayout;
  readonly dtypes: readonly Dtype[];
}

function tested(fixture: string, family: string, layout: GraphLayout, ...dtypes: readonly Dtype[]): TestedLayout {
  return { fixture, family, layout, dtypes };
}

/** Exactly what tests/golden runs; docs/layouts.md is this list as a table. */
export const TESTED_LAYOUTS: readonly TestedLayout[] = [
  tested('zoo/optimum-gpt2', 'gpt2', 'optimum', 'fp32', 'q8'),
  tested('zoo/optimum-llama', 'llama', 'optimum', 'fp32', 'fp16', 'q8'),
  tested('zoo/optimum-gpt_neox', 'gpt_neox', 'optimum', 'fp32'),
  tested('zoo/optimum-qwen2', 'qwen2', 'optimum', 'fp32'),
  tested('zoo/optimum-o2-gpt2', 'gpt2', 'optimum-o2', 'fp32'),
  tested('zoo/genai-llama', 'llama', 'genai', 'fp32', 'fp16', 'q4'),
  tested('zoo/genai-qwen2', 'qwen2', 'genai', 'fp32'),
  tested('layouts/fused-gpt2', 'gpt2', 'fused', 'fp32'),
  tested('layouts/fused-gpt2-past', 'gpt2', 'fused-past', 'fp32'),
  tested('layouts/genai-gemma2', 'gemma2', 'genai', 'fp32'),
  tested('layouts/genai-gemma3', 'gemma3_text', 'genai', 'fp32', 'fp16'),
  tested('layouts/genai-lfm2', 'lfm2', 'genai', 'fp32'),
  tested('layouts/genai-llama-q4f16', 'llama', 'genai', 'q4f16'),
  tested('layouts/genai-llama-mha', 'llama', 'genai-mha', 'fp32'),
  tested('layouts/genai-mistral', 'mistral', 'genai', 'fp32'),
  tested('layouts/genai-phi', 'phi', 'genai', 'fp32'),
  tested('layouts/genai-phi-mha', 'phi', 'genai-mha', 'fp32'),
  tested('layouts/genai-phi3', 'phi3', 'genai', 'fp32'),
  tested('layouts/genai-qwen3', 'qwen3', 'genai', 'fp32'),
  tested('layouts/genai-smollm3', 'smollm3', 'genai', 'fp32', 'int8', 'uint8'),
  tested('layouts/granite', 'granite', 'dynamo', 'fp32'),
  tested('layouts/olmo2', 'olmo2', 'dynamo', 'fp32', 'int8', 'uint8'),
  tested('layouts/glm4', 'glm4', 'dynamo', 'fp32'),
  tested('layouts/mixtral', 'mixtral', 'dynamo', 'fp32'),
  tested('layouts/opt-350m', 'opt', 'dynamo', 'fp32'),
  tested('layouts/gpt1', 'openai-gpt', 'dynamo', 'fp32'),
  tested('layouts/gpt-oss', 'gpt_oss', 'dynamo', 'fp32'),
  tested('layouts/doge', 'doge', 'dynamo', 'fp32'),
  tested('layouts/xglm', 'xglm', 'torchscript', 'fp32'),
  tested('layouts/merged-gpt2', 'gpt2', 'merged', 'fp32'),
  tested('layouts/merged-llama', 'llama', 'merged', 'fp32'),
  tested('layouts/opset23-llama', 'llama', 'opset23', 'fp32'),
  tested('layouts/opset23-cohere', 'cohere', 'opset23', 'fp32'),
  tested('families/gpt2', 'gpt2', 'dynamo', 'fp32'),
  tested('families/gpt2-torchscript', 'gpt2', 'torchscript', 'fp32'),
  tested('families/llama', 'llama', 'dynamo', 'fp32'),
  tested('families/llama-torchscript', 'llama', 'torchscript', 'fp32'),
  tested('families/opt', 'opt', 'dynamo', 'fp32'),
  tested('families/bloom', 'bloom', 'dynamo', 'fp32'),
  tested('families/phi', 'phi', 'dynamo', 'fp32'),
  tested('families/mistral', 'mistral', 'dynamo', 'fp32'),
  tested('families/qwen3', 'qwen3', 'dynamo', 'fp32'),
  tested('families/smollm3', 'smollm3', 'dynamo', 'fp32'),
  tested('families/gemma2', 'gemma2', 'dynamo', 'fp32'),
  tested('families/gemma3', 'gemma3_text', 'dynamo', 'fp32'),
  tested('families/gemma3-softcap', 'gemma3_text', 'dynamo', 'fp32'),
  tested('families/lfm2', 'lfm2', 'dynamo', 'fp32'),
  tested('families/smollm3-past', 'smollm3', 'optimum', 'fp32'),
  tested('families/opt-fused', 'opt', 'fused', 'fp32'),
  tested('families/bigcode-fused', 'gpt_bigcode', 'fused', 'fp32'),
];

/** True when a file of this family, laid out and stored like this, is held to reference numbers by a test. */
export function isTestedLayout(family: string, layout: GraphLayout, dtype: Dtype): boolean {
  return TESTED_LAYOUTS.some((one) => one.family === family && one.layout === layout && one.dtypes.includes(dtype));
}
