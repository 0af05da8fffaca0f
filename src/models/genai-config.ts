type Json = Readonly<Record<string, unknown>>;

function partOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** ONNX Runtime GenAI's names for what config.json calls otherwise. */
const OF_MODEL = { vocab_size: 'vocab_size', context_length: 'max_position_embeddings', type: 'model_type' } as const;
const OF_DECODER = {
  hidden_size: 'hidden_size',
  num_hidden_layers: 'num_hidden_layers',
  num_attention_heads: 'num_attention_heads',
  num_key_value_heads: 'num_key_value_heads',
  head_size: 'head_dim',
} as const;
const TOKENS = ['bos_token_id', 'eos_token_id', 'pad_token_id'] as const;

function renamed(from: Json, names: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, known]) => (from[name] === undefined ? [] : [[known, from[name]]])),
  );
}

/** What genai_config.json says of a model, under the names of config.json. */
export function configOfGenai(genai: Json): Json {
  const model = partOf(genai['model']);
  const tokens = Object.fromEntries(TOKENS.flatMap((name) => (model[name] === undefined ? [] : [[name, model[name]]])));
  return { ...renamed(model, OF_MODEL), ...renamed(partOf(model['decoder']), OF_DECODER), ...tokens };
}
