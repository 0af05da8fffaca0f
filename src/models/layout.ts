import { StrataError } from '../core/errors';
import { DTYPES, type Dtype } from '../core/model';

/** Files of one model inside a folder laid out like a hub repository; paths relative to its root. */
export interface ModelLayout {
  readonly config: string;
  readonly tokenizer?: string;
  readonly tokenizerConfig?: string;
  readonly graph: string;
  /** External data of the graph, in the graph's folder. */
  readonly external: readonly string[];
}

/** The hub's endings of a graph's name for each dtype, the usual one first. */
const SUFFIXES: Readonly<Record<Dtype, readonly string[]>> = {
  fp32: ['', '_fp32'],
  fp16: ['_fp16'],
  q8: ['_quantized', '_int8', '_uint8', '_q8'],
  q4: ['_q4'],
  q4f16: ['_q4f16'],
};

/** The stems of a decoder's graph, best first: one file with cache inputs, then older exports. */
const STEMS = ['model', 'decoder_model_merged', 'decoder_model', 'decoder_with_past_model'];
const FOLDERS = ['onnx/', ''];

function graphOf(paths: ReadonlySet<string>, dtype: Dtype): string | undefined {
  for (const folder of FOLDERS) {
    for (const stem of STEMS) {
      for (const suffix of SUFFIXES[dtype]) {
        const path = `${folder}${stem}${suffix}.onnx`;
        if (paths.has(path)) return path;
      }
    }
  }
  return undefined;
}

/** Dtypes for which there is a graph, in the order of {@link DTYPES}. */
export function availableDtypes(paths: Iterable<string>): Dtype[] {
  const all = new Set(paths);
  return DTYPES.filter((dtype) => graphOf(all, dtype) !== undefined);
}

/**
 * Finds the files of one dtype among a repository's paths.
 * @throws StrataError `missing-file`, naming what is missing and which dtypes there are.
 */
export function findModel(paths: Iterable<string>, dtype: Dtype): ModelLayout {
  const all = new Set(paths);
  if (!all.has('config.json')) {
    throw new StrataError('missing-file', 'There is no config.json.', { file: 'config.json' });
  }
  const graph = graphOf(all, dtype);
  if (graph === undefined) {
    const available = availableDtypes(all).join(', ');
    const rest = available ? `there is ${available}` : 'there is no model file with a known name';
    throw new StrataError('missing-file', `There is no ${dtype} model file; ${rest}.`, {
      file: `onnx/model${SUFFIXES[dtype][0] ?? ''}.onnx`,
      dtype,
      available,
    });
  }
  return {
    config: 'config.json',
    ...(all.has('tokenizer.json') ? { tokenizer: 'tokenizer.json' } : {}),
    ...(all.has('tokenizer_config.json') ? { tokenizerConfig: 'tokenizer_config.json' } : {}),
    graph,
    external: externalOf(all, graph),
  };
}

/** `model.onnx_data`, `model.onnx_data_1`, `model.onnx.data`, `model.data`: the exporters' names for external data. */
function externalOf(paths: ReadonlySet<string>, graph: string): string[] {
  const stem = graph.replace(/\.onnx$/, '');
  const names = [`${graph}_data`, `${graph}.data`, `${stem}.data`, `${stem}.bin`, `${stem}.weight`];
  const numbered = new RegExp(`^${escapeExpression(graph)}_data_\\d+$`);
  return [...paths].filter((path) => names.includes(path) || numbered.test(path)).sort();
}

function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** All files a model needs, as one list. */
export function filesOf(layout: ModelLayout): string[] {
  return [layout.config, layout.tokenizer, layout.tokenizerConfig, layout.graph, ...layout.external].filter(
    (path) => path !== undefined,
  );
}
