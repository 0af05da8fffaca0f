import { StrataError } from '../core/errors';
import { DTYPES, type Dtype } from '../core/model';

/** Files of one model inside a folder or a repository; paths relative to its root. */
export interface ModelLayout {
  readonly config?: string;
  /** ONNX Runtime GenAI's own description, which says the same in other words. */
  readonly genaiConfig?: string;
  readonly tokenizer?: string;
  readonly tokenizerConfig?: string;
  readonly specialTokens?: string;
  readonly chatTemplate?: string;
  readonly generation?: string;
  readonly graph: string;
  /** What by its name is external data of the graph. Where its weights really lie, the graph says. */
  readonly external: readonly string[];
  /** `vocab.json` and `merges.txt`, where there is no tokenizer.json. */
  readonly vocabulary?: { readonly vocab: string; readonly merges: string };
}

/** One model of those in a folder or a repository. */
export interface ModelVariant {
  readonly dtype: Dtype;
  /** Path of the graph, where it has not the usual name and place for its dtype. */
  readonly graph?: string;
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

/** A graph's dtype as its own name says it, whatever else stands in the name; single precision where it says nothing. */
const NAMED: readonly (readonly [RegExp, Dtype])[] = [
  [/q4f16|(int4|q4).*(fp16|f16)/, 'q4f16'],
  [/int4|q4|4bit/, 'q4'],
  [/uint8/, 'uint8'],
  [/int8/, 'int8'],
  [/q8|8bit|quant/, 'q8'],
  [/fp16|f16|half/, 'fp16'],
];

function namedDtype(graph: string): Dtype {
  const words = graph.toLowerCase();
  const name = words.split('/').pop() ?? '';
  const said = (text: string) => NAMED.find(([pattern]) => pattern.test(text))?.[1];
  return said(name) ?? said(words) ?? 'fp32';
}

/** What lies beside a model's graph, or in a folder above it, and says what it is. */
const SIDE_FILES = ['config.json', 'genai_config.json'];
/** Parts of models for pictures and sound, and what only looks like a model. */
const OTHER_PARTS = /^(?!.*decoder).*(encoder|vision|audio|speech|image|embed|tokenizer)[^/]*\.onnx$/i;
const UNREAD_NAME = new RegExp(`_(${UNREAD_DTYPES.join('|')})\\.onnx$`);

/** Folders from a path's own up to the root, each with a slash at its end; the root is empty. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return [...parts.keys(), parts.length]
    .map((count) =>
      parts
        .slice(0, count)
        .map((part) => `${part}/`)
        .join(''),
    )
    .reverse();
}

/** The nearest folder, from the graph's own upwards, that says something of the model. */
export function homeOf(graph: string, paths: ReadonlySet<string>): string | undefined {
  const says = (folder: string): boolean => SIDE_FILES.some((name) => paths.has(folder + name));
  const home = foldersOf(graph).find(says);
  // Some exporters put a second config.json beside the graphs.
  const outer = home !== undefined && /(^|\/)onnx\/$/.test(home) ? home.slice(0, -'onnx/'.length) : undefined;
  return outer !== undefined && says(outer) ? outer : home;
}

/** Graphs of a home with usual names and places, else all that may be decoders. @param home Ends in a slash, or is empty. */
function graphsOf(
  home: string,
  graphs: readonly string[],
): { readonly dtype: Dtype; readonly path: string; readonly usual: boolean }[] {
  const inside = new Set(graphs.map((path) => path.slice(home.length)));
  const usual = DTYPES.flatMap((dtype) => {
    const path = graphOf(inside, SUFFIXES[dtype]);
    if (path === undefined) return [];
    // Of a model in a folder of its own, the folder's name may say more than the graph's.
    const said = home === '' || dtype !== 'fp32' ? dtype : namedDtype(home + path);
    return [{ dtype: said, path: home + path, usual: home === '' }];
  });
  if (usual.length > 0) return usual;
  const read = graphs.filter((path) => !UNREAD_NAME.test(path));
  const decoders = read.filter((path) => !OTHER_PARTS.test(path));
  return (decoders.length > 0 ? decoders : read).map((path) => ({ dtype: namedDtype(path), path, usual: false }));
}

/**
 * The models in a folder or a repository: those with usual names first, then by their paths. A folder of ONNX Runtime
 * GenAI may hold several, each with its own configuration.
 */
export function variantsIn(paths: Iterable<string>): ModelVariant[] {
  const all = new Set(paths);
  const homes = new Map<string, string[]>();
  for (const path of [...all].filter(isGraph).sort()) {
    const home = homeOf(path, all);
    if (home !== undefined) homes.set(home, [...(homes.get(home) ?? []), path]);
  }
  const found = [...homes].sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  return found.flatMap(([home, graphs]) =>
    graphsOf(home, graphs).map(({ dtype, path, usual }) => (usual ? { dtype } : { dtype, graph: path })),
  );
}

/** Hidden files are leavings of an archiver, such as `__MACOSX/._model.onnx`. */
function isGraph(path: string): boolean {
  return path.endsWith('.onnx') && !/(^|\/)(\.|__MACOSX\/)/.test(path);
}

/**
 * Finds the files of one model among those of a folder or a repository.
 * @param graph Path of its graph, where that is not the usual one for the dtype.
 * @throws StrataError `missing-file`, naming what is missing and which dtypes there are.
 */
export function findModel(paths: Iterable<string>, dtype: Dtype, graph?: string): ModelLayout {
  const all = new Set(paths);
  const found = graph ?? graphFor(all, dtype);
  if (found === undefined || !all.has(found)) {
    const path = found ?? `onnx/model${SUFFIXES[dtype][0] ?? ''}.onnx`;
    const available = availableDtypes(all).join(', ');
    const message = `There is no ${dtype} model file; ${whatThereIs(all)}.`;
    throw new StrataError('missing-file', message, { file: path, dtype, available });
  }
  const home = homeOf(found, all);
  if (home === undefined) throw nothingBeside(found);
  return { ...besides(home, all), graph: found, external: externalOf(all, found) };
}

function graphFor(paths: ReadonlySet<string>, dtype: Dtype): string | undefined {
  const usual = graphOf(paths, SUFFIXES[dtype]);
  if (usual !== undefined) return usual;
  const others = variantsIn(paths).filter((one) => one.dtype === dtype && one.graph !== undefined);
  return others.length === 1 ? others[0]?.graph : undefined;
}

/** Why there is no model among files: `details.reason` of `missing-file`. The words are `models.error.no-model.…`. */
export const NO_MODEL_REASONS = [
  'graph-alone',
  'onnx-folder',
  'hub-cache',
  'empty',
  'other-format',
  'no-graph',
  'unread',
] as const;

/** A graph alone: it says neither what it was made as nor what its tokens mean. */
export function nothingBeside(graph: string): StrataError {
  return new StrataError('missing-file', `There is no config.json for ${graph}.`, {
    reason: /(^|\/)onnx\/[^/]*$/.test(graph) ? 'onnx-folder' : 'graph-alone',
    file: 'config.json',
    graph,
  });
}

/** The small files of a model, in its home or, where they are not there, above it. */
function besides(home: string, paths: ReadonlySet<string>): Omit<ModelLayout, 'graph' | 'external'> {
  const at = (...names: readonly string[]): string | undefined =>
    foldersOf(home)
      .flatMap((folder) => names.map((name) => folder + name))
      .find((path) => paths.has(path));
  const found = {
    config: at('config.json'),
    genaiConfig: at('genai_config.json'),
    tokenizer: at('tokenizer.json'),
    tokenizerConfig: at('tokenizer_config.json'),
    specialTokens: at('special_tokens_map.json'),
    // The template's own file, plain as the hub has it now or in JSON as before; in tokenizer_config.json it has none.
    chatTemplate: at('chat_template.jinja', 'chat_template.json'),
    generation: at('generation_config.json'),
  };
  // Tokens that were added later would have to be told apart from those of the vocabulary: that is for transformers.
  const [vocab, merges] = at('added_tokens.json') ? [] : [at('vocab.json'), at('merges.txt')];
  return {
    ...(Object.fromEntries(Object.entries(found).filter(([, path]) => path !== undefined)) as Partial<typeof found>),
    ...(found.tokenizer === undefined && vocab !== undefined && merges !== undefined
      ? { vocabulary: { vocab, merges } }
      : {}),
  } as Omit<ModelLayout, 'graph' | 'external'>;
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
  const { config, genaiConfig, tokenizer, tokenizerConfig, specialTokens, chatTemplate, generation } = layout;
  const { vocab, merges } = layout.vocabulary ?? {};
  const small = [
    config,
    genaiConfig,
    tokenizer,
    tokenizerConfig,
    specialTokens,
    chatTemplate,
    generation,
    vocab,
    merges,
  ];
  return [...small, layout.graph, ...layout.external].filter((path) => path !== undefined);
}
