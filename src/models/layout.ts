import { StrataError } from '../core/errors';
import { DTYPES, type Dtype } from '../core/model';

/** Files of one model inside a folder laid out like a hub repository; paths relative to its root. */
export interface ModelLayout {
  readonly config: string;
  readonly tokenizer?: string;
  readonly tokenizerConfig?: string;
  readonly specialTokens?: string;
  readonly chatTemplate?: string;
  readonly generation?: string;
  readonly graph: string;
  /** External data of the graph, in the graph's folder. */
  readonly external: readonly string[];
}

/** The hub's endings of a graph's name for each dtype, the usual one first. No two dtypes share one. */
const SUFFIXES: Readonly<Record<Dtype, readonly string[]>> = {
  fp32: ['', '_fp32'],
  fp16: ['_fp16'],
  q8: ['_quantized', '_q8'],
  int8: ['_int8'],
  uint8: ['_uint8'],
  q4: ['_q4'],
  q4f16: ['_q4f16'],
};

/** The stems of a decoder's graph, best first: one file with cache inputs, then older exports. */
const STEMS = ['model', 'decoder_model_merged', 'decoder_model', 'decoder_with_past_model'];
const FOLDERS = ['onnx/', ''];

/** Precisions the hub has files in that are not read here, as their names end. */
export const UNREAD_DTYPES = ['bnb4', 'q2', 'q2f16', 'q1', 'q1f16'] as const;

function graphOf(paths: ReadonlySet<string>, suffixes: readonly string[]): string | undefined {
  for (const folder of FOLDERS) {
    for (const stem of STEMS) {
      for (const suffix of suffixes) {
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
  return DTYPES.filter((dtype) => graphOf(all, SUFFIXES[dtype]) !== undefined);
}

/** Precisions for which there is a graph that is not read here, in the order of {@link UNREAD_DTYPES}. */
export function unreadDtypes(paths: Iterable<string>): string[] {
  const all = new Set(paths);
  return UNREAD_DTYPES.filter((dtype) => graphOf(all, [`_${dtype}`]) !== undefined);
}

/** What a folder has instead of a file that was looked for, as the end of a sentence. */
export function whatThereIs(paths: Iterable<string>): string {
  const all = new Set(paths);
  const available = availableDtypes(all).join(', ');
  if (available) return `there is ${available}`;
  const unread = unreadDtypes(all).join(', ');
  return unread ? `there is only ${unread}, which Strata does not read` : 'there is no model file with a known name';
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
  const graph = graphOf(all, SUFFIXES[dtype]);
  if (graph === undefined) {
    throw new StrataError('missing-file', `There is no ${dtype} model file; ${whatThereIs(all)}.`, {
      file: `onnx/model${SUFFIXES[dtype][0] ?? ''}.onnx`,
      dtype,
      available: availableDtypes(all).join(', '),
    });
  }
  return {
    config: 'config.json',
    ...(all.has('tokenizer.json') ? { tokenizer: 'tokenizer.json' } : {}),
    ...(all.has('tokenizer_config.json') ? { tokenizerConfig: 'tokenizer_config.json' } : {}),
    ...(all.has('special_tokens_map.json') ? { specialTokens: 'special_tokens_map.json' } : {}),
    ...chatTemplateOf(all),
    ...(all.has('generation_config.json') ? { generation: 'generation_config.json' } : {}),
    graph,
    external: externalOf(all, graph),
  };
}

/** The template's own file, plain as the hub has it now or in JSON as before; in tokenizer_config.json it has none. */
function chatTemplateOf(paths: ReadonlySet<string>): Pick<ModelLayout, 'chatTemplate'> {
  const chatTemplate = ['chat_template.jinja', 'chat_template.json'].find((path) => paths.has(path));
  return chatTemplate === undefined ? {} : { chatTemplate };
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
  const { config, tokenizer, tokenizerConfig, specialTokens, chatTemplate, generation, graph, external } = layout;
  const small = [config, tokenizer, tokenizerConfig, specialTokens, chatTemplate, generation];
  return [...small, graph, ...external].filter((path) => path !== undefined);
}
