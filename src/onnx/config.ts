/** A positive whole number under the first of several names a config.json may use; nested `text_config` counts. */
export function configNumber(
  config: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): number | undefined {
  for (const name of names) {
    const value = config[name];
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  }
  const nested = config['text_config'];
  if (typeof nested === 'object' && nested !== null && !Array.isArray(nested)) {
    return configNumber(nested as Record<string, unknown>, ...names);
  }
  return undefined;
}

type Config = Readonly<Record<string, unknown>>;

/** Number of query heads. A decoder that was made beside an encoder states its own apart, and wins. */
export function statedHeads(config: Config): number | undefined {
  return configNumber(
    config,
    'decoder_attention_heads',
    'num_attention_heads',
    'n_head',
    'num_heads',
    'n_heads',
    'attention_heads',
  );
}

export function statedLayers(config: Config): number | undefined {
  return configNumber(config, 'decoder_layers', 'num_hidden_layers', 'n_layer', 'num_layers', 'n_layers');
}

/** True where config.json describes an encoder beside the decoder (BART, Marian, Whisper), or what one gives (TrOCR). */
export function hasEncoder(config: Config): boolean {
  const both =
    configNumber(config, 'encoder_layers') !== undefined && configNumber(config, 'decoder_layers') !== undefined;
  return both || configNumber(config, 'cross_attention_hidden_size') !== undefined;
}

/** Width of the residual stream. */
export function statedWidth(config: Config): number | undefined {
  return configNumber(config, 'hidden_size', 'n_embd', 'd_model');
}

/** Families whose positions are counted from behind the id of the padding token, as RoBERTa's are. */
const COUNTED_FROM_PADDING =
  /^(roberta|roberta-prelayernorm|xlm-roberta|xlm-roberta-xl|camembert|data2vec-text|xmod|esm|longformer|ibert|luke|mpnet)$/;

/** The position of the first token, as the family counts them; its config leaves the padding's id out where it is 1. */
export function firstPosition(config: Config): number {
  const family = config['model_type'];
  if (typeof family !== 'string' || !COUNTED_FROM_PADDING.test(family)) return 0;
  const pad = config['pad_token_id'];
  return (pad === 0 ? 0 : (configNumber(config, 'pad_token_id') ?? 1)) + 1;
}

/** Most tokens a model was made for, where config.json says so. */
export function contextLength(config: Readonly<Record<string, unknown>>): { readonly n_ctx?: number } {
  const stated = configNumber(config, 'n_positions', 'max_position_embeddings', 'n_ctx', 'seq_length', 'max_seq_len');
  const n_ctx = stated === undefined ? undefined : stated - firstPosition(config);
  return n_ctx === undefined || n_ctx < 1 ? {} : { n_ctx };
}
