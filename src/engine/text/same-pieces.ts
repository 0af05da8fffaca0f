/**
 * Where transformers.js cuts a text into other pieces than Python's `tokenizers`, tokenizer.json is said to it in other
 * words that mean what Python reads. Each rule here is held to Python's ids by `tests/fixtures/tokenizers`, which
 * `training/text_cases.py` writes.
 */

export type Json = Readonly<Record<string, unknown>>;

/** One character of any kind; a dot leaves out line ends. */
const ANY = '(?:.|\\n)';
/** `char::is_ascii_punctuation` or Unicode's P, as BERT and Punctuation have it. */
const SIGN = '\\p{P}\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e';
/** `\w` of Rust's regex crate. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}';
/** GPT-2's pieces; the library's own pattern has JavaScript's white space, which is another set. */
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
/** Ideographs that BERT's normaliser puts spaces round: the code blocks of `tokenizers`. */
const IDEOGRAPH =
  '[\\x{4e00}-\\x{9fff}\\x{3400}-\\x{4dbf}\\x{20000}-\\x{2a6df}\\x{2a700}-\\x{2b73f}\\x{2b740}-\\x{2b81f}' +
  '\\x{2b920}-\\x{2ceaf}\\x{f900}-\\x{faff}\\x{2f800}-\\x{2fa1f}]';

/** tokenizer.json for the library, so that it gives Python's ids. The file itself is left as it is. */
export function withPythonsPieces(tokenizerJson: Json): Json {
  return {
    ...tokenizerJson,
    normalizer: mendedNormalizer(tokenizerJson['normalizer']),
    pre_tokenizer: mendedPreTokenizer(tokenizerJson['pre_tokenizer']),
  };
}

/**
 * tokenizer_config.json for the library: a vocabulary of whole words takes its unknown word from tokenizer.json, as in
 * Python, and has none where it is not in the vocabulary.
 */
export function withModelsUnknown(tokenizerJson: Json, tokenizerConfig: Json): Json {
  const model = asObject(tokenizerJson['model']);
  if (model?.['type'] !== 'WordLevel') return tokenizerConfig;
  const unknown = model['unk_token'];
  const known = typeof unknown === 'string' && Object.hasOwn(asObject(model['vocab']) ?? {}, unknown);
  return { ...tokenizerConfig, unk_token: known ? unknown : null };
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** A part, or the parts of a Sequence, each put through `change`. */
function mended(value: unknown, list: string, change: (part: Json) => readonly Json[]): unknown {
  const part = asObject(value);
  if (!part) return value;
  const parts = part['type'] === 'Sequence' ? part[list] : [part];
  if (!Array.isArray(parts)) return value;
  const flat = (one: unknown): readonly unknown[] => {
    const inner = asObject(one);
    if (!inner) return [one];
    return inner['type'] === 'Sequence' ? [mended(inner, list, change)] : change(inner);
  };
  return { type: 'Sequence', [list]: parts.flatMap(flat) };
}

function mendedNormalizer(value: unknown): unknown {
  return mended(value, 'normalizers', (part) => {
    switch (part['type']) {
      case 'Lowercase':
        return lowercase();
      case 'Strip':
        return [
          ...(part['strip_left'] === true ? [replace('\\A\\s+', '')] : []),
          ...(part['strip_right'] === true ? [replace('\\s+\\z', '')] : []),
        ];
      case 'BertNormalizer':
        return bertNormalizer(part);
      default:
        return [part];
    }
  });
}

function replace(regex: string, content: string): Json {
  return { type: 'Replace', pattern: { Regex: regex }, content };
}

/** Letter by letter: JavaScript alone writes a sigma at a word's end otherwise. */
function lowercase(): readonly Json[] {
  return [replace('Σ', 'σ'), { type: 'Lowercase' }];
}

function bertNormalizer(part: Json): readonly Json[] {
  const lower = part['lowercase'] !== false;
  const strip = part['strip_accents'] ?? lower;
  return [
    ...(part['clean_text'] !== false
      ? [replace('(?![\\t\\n\\r])[\\p{Cc}\\p{Cf}\\p{Co}]|\\x{fffd}', ''), replace('\\s', ' ')]
      : []),
    ...(part['handle_chinese_chars'] !== false ? [replace(IDEOGRAPH, ' $& ')] : []),
    ...(strip === true ? [{ type: 'NFD' }, replace('\\p{Mn}', '')] : []),
    ...(lower ? lowercase() : []),
  ];
}

function mendedPreTokenizer(value: unknown): unknown {
  return mended(value, 'pretokenizers', (part) => {
    switch (part['type']) {
      case 'Digits':
        return [split(part['individual_digits'] === true ? '\\p{N}' : '\\p{N}+', 'Isolated')];
      case 'Punctuation':
        return [split(`[${SIGN}]`, part['behavior'] ?? 'Isolated')];
      case 'Whitespace':
        return [pieces(`[${WORD}]+|[^${WORD}\\s]+`)];
      case 'WhitespaceSplit':
        return [pieces('\\S+')];
      case 'BertPreTokenizer':
        return [pieces(`[${SIGN}]|[^${SIGN}\\s]+`)];
      case 'CharDelimiterSplit':
        return [split(literal(String(part['delimiter'])), 'Removed')];
      case 'Split':
        return [splitAsWritten(part)];
      case 'ByteLevel':
        return byteLevel(part);
      case 'Metaspace':
        return metaspace(part);
      default:
        return [part];
    }
  });
}

/** What the pattern finds is kept, the rest dropped. */
function pieces(regex: string): Json {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Removed', invert: true };
}

/** What the pattern finds stands alone, and so does what lies between. */
function isolated(regex: string): Json {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
}

/** `tokenizers`' five ways to cut at a pattern, of which the library has two. */
function split(regex: string, behavior: unknown): Json {
  const between = `(?:(?!${regex})${ANY})`;
  switch (behavior) {
    case 'Removed':
      return pieces(`${between}+`);
    case 'MergedWithPrevious':
      return pieces(`${between}*(?:${regex})|${between}+`);
    case 'MergedWithNext':
      return pieces(`(?:${regex})${between}*|${between}+`);
    case 'Contiguous':
      return isolated(`(?:${regex})+`);
    default:
      return isolated(regex);
  }
}

function splitAsWritten(part: Json): Json {
  const pattern = asObject(part['pattern']) ?? {};
  const text = pattern['String'];
  const regex = typeof text === 'string' ? literal(text) : pattern['Regex'];
  if (typeof regex !== 'string') return part;
  const { behavior } = part;
  if (part['invert'] !== true) return split(regex, behavior);
  // Inverted: what lies between is what is cut at. Alone stands everything either way.
  if (behavior === 'Removed') return pieces(regex);
  if (behavior === 'Isolated') return isolated(regex);
  return split(`(?:(?!${regex})${ANY})+`, behavior);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function byteLevel(part: Json): readonly Json[] {
  if (part['use_regex'] === false) return [part];
  const bytes = { ...part, add_prefix_space: false, use_regex: false };
  const space = { type: 'Replace', pattern: { Regex: '\\A(?=[^ ])' }, content: ' ' };
  return [...(part['add_prefix_space'] === true ? [space] : []), isolated(GPT2), bytes];
}

function metaspace(part: Json): readonly Json[] {
  const never = part['prepend_scheme'] === undefined && part['add_prefix_space'] === false;
  const whole = never ? { ...part, prepend_scheme: 'never' } : part;
  if (part['split'] === false) return [whole];
  const mark = part['replacement'];
  return [whole, split(literal(typeof mark === 'string' ? mark : '▁'), 'MergedWithNext')];
}
