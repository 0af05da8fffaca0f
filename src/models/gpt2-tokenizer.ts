type Json = Readonly<Record<string, unknown>>;

/** Classes whose pre-tokenizer is GPT-2's; with another the same two files mean other tokens. */
const GPT2_CLASSES = new Set(['GPT2Tokenizer', 'GPT2TokenizerFast']);
/** What a configuration says that names no class of its own. */
const ANY_CLASS = new Set([undefined, 'TokenizersBackend', 'PreTrainedTokenizer', 'PreTrainedTokenizerFast']);

const ROLES = ['bos_token', 'eos_token', 'unk_token', 'pad_token'];

function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  const content = (token as Json | null | undefined)?.['content'];
  return typeof content === 'string' ? content : undefined;
}

/** Special tokens by id: those the configuration lists, and those it gives a role. */
function specialTokens(tokenizerConfig: Json, vocab: Readonly<Record<string, number>>): Map<number, string> {
  const listed = Object.entries((tokenizerConfig['added_tokens_decoder'] ?? {}) as Json).flatMap(([id, token]) => {
    const content = contentOf(token);
    return content === undefined ? [] : [[Number(id), content] as const];
  });
  const named = ROLES.flatMap((role) => {
    // GPT-2's tokenizer has one token for every role that is not stated.
    const content = contentOf(tokenizerConfig[role]) ?? (role === 'pad_token' ? undefined : '<|endoftext|>');
    const id = content === undefined ? undefined : vocab[content];
    return content === undefined || id === undefined ? [] : [[id, content] as const];
  });
  return new Map([...listed, ...named]);
}

/**
 * GPT-2's tokenizer.json from the two files that came before it, as transformers' GPT2Tokenizer makes it.
 * @param merges The content of merges.txt.
 * @returns undefined where the files do not belong to a tokenizer of this class: only transformers knows what they mean.
 */
export function gpt2Tokenizer(vocab: Json, merges: string, tokenizerConfig: Json, config: Json): Json | undefined {
  const name = tokenizerConfig['tokenizer_class'] as string | undefined;
  const isGpt2 = name !== undefined && GPT2_CLASSES.has(name);
  if (!isGpt2 && !(ANY_CLASS.has(name) && config['model_type'] === 'gpt2')) return undefined;
  if (!Object.values(vocab).every((id) => Number.isInteger(id))) return undefined;
  const ids = vocab as Readonly<Record<string, number>>;
  const byteLevel = { type: 'ByteLevel', trim_offsets: true, use_regex: true };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...specialTokens(tokenizerConfig, ids)].map(([id, content]) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer: { ...byteLevel, add_prefix_space: tokenizerConfig['add_prefix_space'] === true },
    post_processor: null,
    decoder: { ...byteLevel, add_prefix_space: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: ids,
      merges: merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version')),
    },
  };
}
