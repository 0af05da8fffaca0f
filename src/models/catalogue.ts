import { DTYPES, type Dtype } from '../core/model';
import { isTestedLayout, type GraphLayout } from './tested-layouts';

/** A model that belongs to the app. */
export interface BundledModel {
  readonly id: string;
  readonly name: string;
  /** Below the app's root, laid out like a hub repository, with a `files.json`. */
  readonly folder: string;
  /** Its graph as it was on the way, whose files `checkpoints.json` lists; fetched only when one is asked for. */
  readonly checkpoints: Checkpoints;
}

export interface Checkpoints {
  /** Steps of training after which it was saved, but for the last, which is the model itself. */
  readonly steps: readonly number[];
  readonly lastStep: number;
  /** Of each of them. */
  readonly bytes: number;
}

export const BUNDLED_MODELS: readonly BundledModel[] = [
  {
    id: 'atlas',
    name: 'Atlas',
    folder: 'models/atlas/',
    checkpoints: {
      steps: [16, 34, 70, 147, 308, 645, 1351, 2829, 5926, 12411],
      lastStep: 12607,
      bytes: 6_923_511,
    },
  },
];

export const DEFAULT_MODEL = 'atlas';

/** A small model on the hub that is worth looking into, as far as it can be described without asking the hub. */
export interface CatalogueModel {
  readonly repo: string;
  readonly name: string;
  readonly family: string;
  readonly layers: number;
  /** Number of weights, and how many of them are the token embedding. */
  readonly parameters: number;
  readonly embedding: number;
  /** What the repository offers, as far as is known. */
  readonly dtypes: readonly Dtype[];
  readonly licence: string;
  /** `no-mid`: attention and MLP run side by side, so there is no mid-layer stream. `some-attention`: not in every layer. */
  readonly probes: 'all' | 'no-mid' | 'some-attention';
  /** How its files were exported, where that is known. */
  readonly layout?: GraphLayout;
}

const APACHE = 'Apache 2.0';
const MIT = 'MIT';
const FULL_AND_Q8: readonly Dtype[] = ['fp32', 'q8'];
const WITHOUT_Q8: readonly Dtype[] = ['fp32', 'fp16', 'q4', 'q4f16'];

/* prettier-ignore */
export const CATALOGUE: readonly CatalogueModel[] = [
  { repo: 'Xenova/gpt2', name: 'GPT-2', family: 'gpt2', layers: 12, parameters: 124.4e6, embedding: 38.6e6, dtypes: FULL_AND_Q8, licence: MIT, probes: 'all', layout: 'merged' },
  { repo: 'Xenova/distilgpt2', name: 'DistilGPT-2', family: 'gpt2', layers: 6, parameters: 81.9e6, embedding: 38.6e6, dtypes: FULL_AND_Q8, licence: APACHE, probes: 'all', layout: 'merged' },
  { repo: 'Xenova/pythia-14m', name: 'Pythia 14M', family: 'gpt_neox', layers: 6, parameters: 14.1e6, embedding: 6.4e6, dtypes: FULL_AND_Q8, licence: APACHE, probes: 'no-mid', layout: 'merged' },
  { repo: 'Xenova/pythia-70m', name: 'Pythia 70M', family: 'gpt_neox', layers: 6, parameters: 70.4e6, embedding: 25.8e6, dtypes: FULL_AND_Q8, licence: APACHE, probes: 'no-mid', layout: 'merged' },
  { repo: 'Xenova/pythia-160m', name: 'Pythia 160M', family: 'gpt_neox', layers: 12, parameters: 162.3e6, embedding: 38.6e6, dtypes: FULL_AND_Q8, licence: APACHE, probes: 'no-mid', layout: 'merged' },
  { repo: 'Xenova/pythia-410m', name: 'Pythia 410M', family: 'gpt_neox', layers: 24, parameters: 405.3e6, embedding: 51.5e6, dtypes: FULL_AND_Q8, licence: APACHE, probes: 'no-mid', layout: 'merged' },
  { repo: 'Xenova/opt-125m', name: 'OPT 125M', family: 'opt', layers: 12, parameters: 125.2e6, embedding: 38.6e6, dtypes: FULL_AND_Q8, licence: 'OPT licence (research)', probes: 'all', layout: 'merged' },
  { repo: 'Xenova/bloom-560m', name: 'BLOOM 560M', family: 'bloom', layers: 24, parameters: 559.2e6, embedding: 256.9e6, dtypes: FULL_AND_Q8, licence: 'BigScience RAIL 1.0', probes: 'all', layout: 'merged' },
  { repo: 'HuggingFaceTB/SmolLM2-135M-Instruct', name: 'SmolLM2 135M', family: 'llama', layers: 30, parameters: 134.5e6, embedding: 28.3e6, dtypes: DTYPES, licence: APACHE, probes: 'all', layout: 'optimum' },
  { repo: 'HuggingFaceTB/SmolLM2-360M-Instruct', name: 'SmolLM2 360M', family: 'llama', layers: 32, parameters: 361.8e6, embedding: 47.2e6, dtypes: DTYPES, licence: APACHE, probes: 'all', layout: 'optimum' },
  { repo: 'onnx-community/Qwen2.5-0.5B-Instruct', name: 'Qwen2.5 0.5B', family: 'qwen2', layers: 24, parameters: 494e6, embedding: 136.1e6, dtypes: DTYPES, licence: APACHE, probes: 'all', layout: 'optimum' },
  { repo: 'onnx-community/Qwen3-0.6B-ONNX', name: 'Qwen3 0.6B', family: 'qwen3', layers: 28, parameters: 596e6, embedding: 155.6e6, dtypes: DTYPES, licence: APACHE, probes: 'all', layout: 'genai' },
  { repo: 'onnx-community/gemma-3-270m-it-ONNX', name: 'Gemma 3 270M', family: 'gemma3_text', layers: 18, parameters: 268.1e6, embedding: 167.8e6, dtypes: WITHOUT_Q8, licence: 'Gemma terms of use', probes: 'all', layout: 'genai' },
  { repo: 'onnx-community/Llama-3.2-1B-Instruct', name: 'Llama 3.2 1B', family: 'llama', layers: 16, parameters: 1235.8e6, embedding: 262.7e6, dtypes: DTYPES, licence: 'Llama 3.2 community licence', probes: 'all' },
  { repo: 'Xenova/llama2.c-stories15M', name: 'Stories 15M', family: 'llama', layers: 6, parameters: 15.2e6, embedding: 9.2e6, dtypes: FULL_AND_Q8, licence: MIT, probes: 'all', layout: 'merged' },
  { repo: 'Xenova/llama2.c-stories110M', name: 'Stories 110M', family: 'llama', layers: 12, parameters: 109.5e6, embedding: 24.6e6, dtypes: FULL_AND_Q8, licence: MIT, probes: 'all', layout: 'merged' },
  { repo: 'onnx-community/LFM2-350M-ONNX', name: 'LFM2 350M', family: 'lfm2', layers: 16, parameters: 354.5e6, embedding: 67.1e6, dtypes: WITHOUT_Q8, licence: 'LFM Open License 1.0', probes: 'some-attention' },
];

/** Bytes of a weight in a matrix and in the embedding; four-bit files keep one scale for every 32 weights. */
const BYTES: Readonly<Record<Dtype, { readonly matrix: number; readonly embedding: number }>> = {
  fp32: { matrix: 4, embedding: 4 },
  fp16: { matrix: 2, embedding: 2 },
  q8: { matrix: 1.03, embedding: 1.03 },
  int8: { matrix: 1.03, embedding: 1.03 },
  uint8: { matrix: 1.03, embedding: 1.03 },
  q4: { matrix: 0.625, embedding: 4 },
  q4f16: { matrix: 0.5625, embedding: 2 },
};

/** About how large a download is, from the number of weights alone. Only the hub knows the exact size. */
export function approximateBytes({ parameters, embedding }: CatalogueModel, dtype: Dtype): number {
  const { matrix, embedding: each } = BYTES[dtype];
  return (parameters - embedding) * matrix + embedding * each;
}

/** Dtypes whose family and file layout a test holds to reference numbers. */
export function testedDtypes({ family, layout, dtypes }: CatalogueModel): Dtype[] {
  return layout === undefined ? [] : dtypes.filter((dtype) => isTestedLayout(family, layout, dtype));
}
