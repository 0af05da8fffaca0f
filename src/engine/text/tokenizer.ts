import { StrataError } from '../../core/errors';
import type { AnswerTokens, Fact, PreparedFact, PromptOptions, Token } from '../../core/fact';
import type { ModelFiles } from '../../core/model';
import { answerTokens } from './answer-tokens';
import { ChatTemplate, type ChatFrame } from './chat-template';
import type * as Library from './library';
import type { PreTrainedTokenizer } from './library';
import { withModelsUnknown, withPythonsPieces, type Json } from './same-pieces';
import { SPACE_MARK, tokenReader, visibleText, type TokenBytes } from './token-bytes';
import { tokenRanges, type PieceOfText, type Range } from './token-ranges';

export type TokenizerFiles = NonNullable<ModelFiles['tokenizer']>;

type Ids = readonly number[];

/**
 * Loads transformers.js and makes the tokenizer that these files describe; nothing is fetched.
 * @param d_vocab Ids from here on are none of the model's.
 * @throws StrataError `invalid-config` when tokenizer.json is not a tokenizer.
 */
export async function openTokenizer(files: TokenizerFiles, d_vocab: number): Promise<TextTokenizer> {
  return new TextTokenizer(await import('./library'), files, d_vocab);
}

/** What was fed for a prompt. */
interface FedPrompt {
  readonly tokens: readonly Token[];
  readonly known: boolean;
}

/** Text to tokens and back for one model, by transformers.js's tokenizer class for it. */
export class TextTokenizer {
  readonly #tokenizer: PreTrainedTokenizer;
  readonly #read: (token: string) => TokenBytes;
  /** Contents of added tokens, by id. */
  readonly #added: ReadonlyMap<number, { readonly content: string; readonly special: boolean }>;
  readonly #unknownId: number | undefined;
  readonly #marksSpaces: boolean;
  /** Added tokens that are looked for after the normaliser, in what it has made of them. */
  readonly #normalized: ReadonlyMap<number, string>;
  /** What the tokenizer puts before every text by itself. What it puts behind would end the text, and is left out. */
  readonly #prefix: Ids;
  readonly #chat: ChatTemplate | undefined;
  readonly specialTokenIds: Ids;
  /** Ids of a padded vocabulary that no token stands for. */
  readonly idsWithoutText: Ids;
  /** The token that begins a text, put there by the tokenizer or not; undefined where there is none. */
  readonly bos: { readonly tokenId: number; readonly byDefault: boolean } | undefined;

  constructor(
    library: typeof Library,
    files: TokenizerFiles,
    private readonly d_vocab: number,
  ) {
    const { tokenizerJson } = files;
    try {
      this.#tokenizer = createTokenizer(library, files);
      const added = [...this.#tokenizer._tokenizer.get_added_tokens_decoder()];
      this.#added = new Map(added.map(([id, { content, special }]) => [id, { content, special }]));
      const normalize = this.#normalize;
      this.#normalized = new Map(
        added.flatMap(([id, { content, normalized }]) => (normalized && normalize ? [[id, normalize(content)]] : [])),
      );
      this.#read = tokenReader(tokenizerJson);
      this.#unknownId = this.#tokenizer._tokenizer.model?.unk_token_id;
      this.#marksSpaces = this.#read(SPACE_MARK).own.length === 1;
      this.#prefix = this.#prefixIds();
    } catch (cause) {
      throw new StrataError(
        'invalid-config',
        'tokenizer.json is not a tokenizer that can be used.',
        { file: 'tokenizer.json' },
        { cause },
      );
    }
    this.#chat = ChatTemplate.of(this.#tokenizer);
    const special = [...this.#added].filter(([, token]) => token.special).map(([id]) => id);
    this.specialTokenIds = special.filter((id) => id < d_vocab);
    this.idsWithoutText = Array.from({ length: d_vocab }, (_, id) => id).filter((id) => this.#piece(id) === undefined);
    const [first] = this.#prefix;
    const named: unknown = this.#tokenizer.bos_token_id;
    if (first !== undefined) this.bos = { tokenId: first, byDefault: true };
    else if (typeof named === 'number' && named < d_vocab) this.bos = { tokenId: named, byDefault: false };
  }

  /** What the tokenizer puts before a prompt by itself. */
  get bosTokenId(): number | undefined {
    return this.bos?.byDefault ? this.bos.tokenId : undefined;
  }

  get hasChatTemplate(): boolean {
    return this.#chat !== undefined;
  }

  /**
   * A text's tokens as the model is fed them, with their character ranges in the text (empty for what the tokenizer or
   * the template adds, and for all where they are not known).
   * @throws StrataError `invalid-text`, `tokenizer-mismatch`, `invalid-request`.
   */
  encode(text: string, options: PromptOptions = {}): readonly Token[] {
    return this.#feed(text, options).tokens;
  }

  /** @throws StrataError `invalid-request` for ids outside the vocabulary. */
  describe(ids: Ids): Token[] {
    return ids.map((id) => {
      if (!Number.isInteger(id) || id < 0 || id >= this.d_vocab) {
        throw new StrataError('invalid-request', `There is no token ${id}; ids go from 0 to ${this.d_vocab - 1}.`, {
          id,
        });
      }
      const piece = this.#piece(id);
      // Vocabularies are padded to round sizes: such an id has logits but no text.
      if (piece === undefined) return { id, text: `⟨${id}⟩`, bytes: [], start: 0, end: 0, special: false };
      const added = this.#added.get(id);
      const bytes = added ? [...new TextEncoder().encode(added.content)] : this.#read(piece).shown;
      return { id, text: visibleText(bytes), bytes, start: 0, end: 0, special: added?.special ?? false };
    });
  }

  /**
   * A fact in tokens (docs/definitions.md, “Answer tokens”): answers as what follows the prompt, the subject's positions
   * from the tokens' ranges.
   * @throws StrataError `empty-prompt`, `answer-not-continuation`, and those of {@link encode}.
   */
  prepare(fact: Fact, limit: number): PreparedFact {
    if (fact.prompt.trim() === '') throw new StrataError('empty-prompt', 'The prompt is empty.');
    const { tokens, known } = this.#feed(fact.prompt, fact);
    const prompt = tokens.map((token) => token.id);
    const { subject, foil } = fact;
    const answer = (text: string): AnswerTokens => this.#answer(fact, prompt, text);
    return {
      fact,
      tokens,
      answers: fact.answers.map(answer),
      ...(foil === undefined || foil.trim() === '' ? {} : { foil: answer(foil) }),
      subjectPositions: subject
        ? tokens.flatMap((token, position) => (touches(token, subject, fact.prompt) ? [position] : []))
        : [],
      ...(known ? {} : { rangesUnknown: true as const }),
      ...(this.#chatFor(fact) ? { form: 'chat' as const } : {}),
      ...(this.bos ? { bosInFront: this.#startsWithBos(prompt) } : {}),
      tokensOver: Math.max(0, tokens.length - limit),
    };
  }

  #answer(fact: Fact, prompt: Ids, typed: string): AnswerTokens {
    const chat = this.#chatFor(fact);
    const before = chat?.frame(fact.prompt).rendered ?? fact.prompt;
    return answerTokens(typed, {
      prompt,
      promptText: fact.prompt,
      fedWith: (answer) => this.#fed(this.#plainIds(before + answer), fact),
      alone: (answer) => this.#plainIds(answer),
      describe: (ids) => this.describe(ids),
      ...(chat ? { inTemplate: (answer: string) => chat.answerAfter(fact.prompt, answer) } : {}),
    });
  }

  /** All that the tokenizer reads of a text, and where in it the text stands. */
  #frame(text: string, options: PromptOptions): ChatFrame {
    return this.#chatFor(options)?.frame(text) ?? { rendered: text, round: { before: 0, after: 0 } };
  }

  /** The template to put a prompt in; a model without one is given the text, and the prepared fact says so. */
  #chatFor({ form }: PromptOptions): ChatTemplate | undefined {
    return form === 'chat' ? this.#chat : undefined;
  }

  #feed(text: string, options: PromptOptions): FedPrompt {
    const { rendered, round } = this.#frame(text, options);
    const plain = this.#plainIds(rendered);
    const ids = this.#fed(plain, options);
    const tokens = this.describe(ids);
    const lead = ids.length - plain.length;
    const all = round && this.#ranges(rendered, plain);
    if (!all) return { tokens, known: false };
    // What a template has in front may have been taken away: then its text has no token.
    const ranges = lead < 0 ? all.slice(-lead) : all;
    const own = (at: number): number => Math.min(Math.max(at - round.before, 0), text.length);
    let at = 0;
    const located = tokens.map((token, position) => {
      const range = ranges[position - Math.max(lead, 0)];
      if (!range || position < lead) return { ...token, start: at, end: at };
      const [start, end] = [own(range[0]), own(range[1])];
      at = end;
      return { ...token, start, end };
    });
    return { tokens: located, known: true };
  }

  /** Ids of a text alone, without anything that the tokenizer adds. */
  #plainIds(text: string): Ids {
    const ids: readonly (number | undefined)[] = this.#tokenizer.encode(text, { add_special_tokens: false });
    if (ids.includes(undefined)) {
      // Python refuses such a text too.
      throw new StrataError('invalid-text', 'The vocabulary has no token for a part of the text.', {
        field: 'prompt',
        reason: 'unknown-word',
      });
    }
    const known = ids as Ids;
    const foreign = known.find((id) => !(id >= 0 && id < this.d_vocab));
    if (foreign === undefined) return known;
    throw new StrataError(
      'tokenizer-mismatch',
      `The tokenizer gives token ${foreign}, but the model's vocabulary ends at ${this.d_vocab - 1}.`,
      { id: foreign, d_vocab: this.d_vocab },
    );
  }

  /** Ids as they are fed: the token that begins a text in front where it belongs, once. */
  #fed(plain: Ids, options: PromptOptions): Ids {
    const inChat = this.#chatFor(options) !== undefined;
    if (!this.bos) return plain;
    const there = this.#startsWithBos(plain);
    const wanted = options.bos ?? (inChat ? there : this.bos.byDefault);
    if (wanted && !there) return [...this.#begin, ...plain];
    // Typed by the person it stays; what a template puts there can be taken away.
    return !wanted && there && inChat ? plain.slice(this.#begin.length) : plain;
  }

  get #begin(): Ids {
    return this.#prefix.length > 0 ? this.#prefix : this.bos ? [this.bos.tokenId] : [];
  }

  #startsWithBos(ids: Ids): boolean {
    const begin = this.#begin;
    return begin.length > 0 && begin.every((id, index) => ids[index] === id);
  }

  #prefixIds(): Ids {
    const whole = this.#tokenizer.encode('a');
    const plain = this.#tokenizer.encode('a', { add_special_tokens: false });
    for (let at = 0; at + plain.length <= whole.length; at++) {
      if (plain.every((id, index) => whole[at + index] === id)) return whole.slice(0, at);
    }
    return [];
  }

  get #normalize(): ((text: string) => string) | undefined {
    const { normalizer } = this.#tokenizer._tokenizer;
    return normalizer ? (text) => normalizer.normalize(text) : undefined;
  }

  #ranges(text: string, ids: Ids): readonly Range[] | undefined {
    const pieces = ids.map((id): PieceOfText => {
      const added = this.#added.get(id);
      const normalized = this.#normalized.get(id);
      if (id === this.#unknownId && !(added && text.includes(added.content))) return { kind: 'unknown' };
      if (added && normalized === undefined) return { kind: 'verbatim', content: added.content };
      if (normalized !== undefined) {
        const spaced = this.#marksSpaces ? normalized.replaceAll(SPACE_MARK, ' ') : normalized;
        return { kind: 'bytes', bytes: [...new TextEncoder().encode(spaced)] };
      }
      return { kind: 'bytes', bytes: this.#read(this.#piece(id) ?? '').own };
    });
    return tokenRanges(text, pieces, { normalize: this.#normalize, marksSpaces: this.#marksSpaces });
  }

  #piece(id: number): string | undefined {
    return this.#added.get(id)?.content ?? this.#tokenizer._tokenizer.id_to_token(id);
  }
}

/** True when the token covers more of the subject than white space. */
function touches(token: Token, [start, end]: readonly [number, number], text: string): boolean {
  return text.slice(Math.max(token.start, start), Math.min(token.end, end)).trim() !== '';
}

function createTokenizer(library: typeof Library, files: TokenizerFiles): PreTrainedTokenizer {
  const { tokenizerJson, chatTemplate } = files;
  const config = contentsOnly({ ...files.specialTokens, ...files.tokenizerConfig });
  const name = typeof config['tokenizer_class'] === 'string' ? config['tokenizer_class'].replace(/Fast$/, '') : '';
  const classes = library.TOKENIZER_CLASSES;
  const TokenizerClass = (Object.hasOwn(classes, name) ? classes[name] : undefined) ?? classes['PreTrainedTokenizer']!;
  return new TokenizerClass(
    withPythonsPieces(tokenizerJson),
    withModelsUnknown(tokenizerJson, chatTemplate === undefined ? config : { ...config, chat_template: chatTemplate }),
  );
}

/** Special tokens are written as text or as `{"content": …}`; the library reads the second only with a further mark. */
function contentsOnly(config: Json): Json {
  const plain = (key: string, value: unknown): unknown =>
    key.endsWith('_token') && typeof value === 'object' && value !== null ? (value as Json)['content'] : value;
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, plain(key, value)]));
}
