import { Tokenizer } from '@huggingface/tokenizers';
import { StrataError } from '../../core/errors';
import type { AnswerTokens, Fact, PreparedFact, Token } from '../../core/fact';
import type { ModelFiles } from '../../core/model';
import { joinAnswer } from './answer';
import { byteLevelBytes, rangesInText, sentencePieceBytes, visibleText } from './token-bytes';

type Json = Readonly<Record<string, unknown>>;

/** Text to tokens and back for one model, from its tokenizer.json; nothing is fetched. */
export class TextTokenizer {
  private readonly tokenizer: Tokenizer;
  private readonly toBytes: (token: string) => number[];
  private readonly specials: ReadonlyMap<number, string>;
  readonly specialTokenIds: readonly number[];
  /** What the tokenizer puts before a prompt by itself. */
  readonly bosTokenId: number | undefined;

  /** @throws StrataError `invalid-config` when tokenizer.json is not a tokenizer. */
  constructor(
    files: NonNullable<ModelFiles['tokenizer']>,
    private readonly d_vocab: number,
  ) {
    try {
      this.tokenizer = new Tokenizer(files.tokenizerJson, files.tokenizerConfig);
      const added = [...this.tokenizer.get_added_tokens_decoder()].filter(([, token]) => token.special);
      this.specials = new Map(added.map(([id, token]) => [id, token.content]));
      this.toBytes = mentions(files.tokenizerJson, 'ByteLevel') ? byteLevelBytes : sentencePieceBytes;
      const first = this.tokenizer.encode('a').ids[0];
      this.bosTokenId = first !== undefined && this.specials.has(first) ? first : undefined;
    } catch (cause) {
      throw new StrataError(
        'invalid-config',
        'tokenizer.json is not a tokenizer that can be used.',
        { file: 'tokenizer.json' },
        { cause },
      );
    }
    this.specialTokenIds = [...this.specials.keys()].filter((id) => id < d_vocab);
  }

  private ids(text: string): number[] {
    const { ids } = this.tokenizer.encode(text);
    const foreign = ids.find((id) => !(id >= 0 && id < this.d_vocab));
    if (foreign === undefined) return ids;
    throw new StrataError(
      'tokenizer-mismatch',
      `The tokenizer gives token ${foreign}, but the model's vocabulary ends at ${this.d_vocab - 1}.`,
      { id: foreign, d_vocab: this.d_vocab },
    );
  }

  /** A text's tokens with their character ranges. */
  encode(text: string): Token[] {
    return this.locate(this.ids(text), text);
  }

  private locate(ids: readonly number[], text: string): Token[] {
    const tokens = this.describe(ids);
    const inText = tokens.map((token, index) => {
      const content = this.specials.get(token.id);
      // A special token the person typed is part of the text; one the tokenizer adds in front is not.
      return content === undefined ? true : text.includes(content) && !(index === 0 && token.id === this.bosTokenId);
    });
    const pieces = tokens.filter((_, index) => inText[index]);
    const ranges =
      rangesInText(
        text,
        pieces.map((token) => token.bytes),
      ) ?? searchRanges(text, pieces);
    let next = 0;
    let at = 0;
    return tokens.map((token, index) => {
      const [start, end] = inText[index] ? ranges[next++]! : [at, at];
      at = end;
      return { ...token, start, end };
    });
  }

  /** @throws StrataError `invalid-request` for ids outside the vocabulary. */
  describe(ids: readonly number[]): Token[] {
    return ids.map((id) => {
      if (!Number.isInteger(id) || id < 0 || id >= this.d_vocab) {
        throw new StrataError('invalid-request', `There is no token ${id}; ids go from 0 to ${this.d_vocab - 1}.`, {
          id,
        });
      }
      const special = this.specials.get(id);
      const piece = special ?? this.tokenizer.id_to_token(id);
      // Vocabularies are padded to round sizes: such an id has logits but no text.
      if (piece === undefined) return { id, text: `⟨${id}⟩`, bytes: [], start: 0, end: 0, special: false };
      const bytes = special === undefined ? this.toBytes(piece) : [...new TextEncoder().encode(special)];
      return { id, text: visibleText(bytes), bytes, start: 0, end: 0, special: special !== undefined };
    });
  }

  /**
   * A fact in tokens (docs/definitions.md, “Answer tokens”).
   * @throws StrataError `empty-prompt`, `answer-not-continuation`.
   */
  prepare(fact: Fact, limit: number): PreparedFact {
    if (fact.prompt.trim() === '') throw new StrataError('empty-prompt', 'The prompt is empty.');
    const tokens = this.encode(fact.prompt);
    const prompt = tokens.map((token) => token.id);
    const answers = fact.answers.map((text) => this.answer(fact.prompt, prompt, text));
    const subject = fact.subject;
    const subjectPositions = subject
      ? tokens.flatMap((token, position) => (touches(token, subject, fact.prompt) ? [position] : []))
      : [];
    return {
      fact,
      tokens,
      answers,
      ...(fact.foil === undefined || fact.foil.trim() === ''
        ? {}
        : { foil: this.answer(fact.prompt, prompt, fact.foil) }),
      subjectPositions,
      tokensOver: Math.max(0, tokens.length - limit),
    };
  }

  private answer(prompt: string, promptIds: readonly number[], text: string): AnswerTokens {
    const joined = text.trim() === '' ? promptIds : this.ids(joinAnswer(prompt, text));
    let promptLength = 0;
    while (promptLength < promptIds.length && joined[promptLength] === promptIds[promptLength]) promptLength++;
    const continuation = joined.slice(promptLength);
    if (continuation.length === 0 || promptLength === 0) {
      throw new StrataError(
        'answer-not-continuation',
        `“${text}” does not continue the prompt in this model's tokens.`,
        { answer: text },
      );
    }
    return {
      text,
      tokens: this.describe(continuation),
      seamChanged: promptLength < promptIds.length,
      promptLength,
    };
  }
}

/** True when the token covers more of the subject than white space. */
function touches(token: Token, [start, end]: readonly [number, number], text: string): boolean {
  return text.slice(Math.max(token.start, start), Math.min(token.end, end)).trim() !== '';
}

/** For tokenizers that normalise: each piece is looked for behind the one before. */
function searchRanges(text: string, pieces: readonly Token[]): [number, number][] {
  const lower = text.toLowerCase();
  let at = 0;
  return pieces.map((piece) => {
    const wanted = piece.text.trim().toLowerCase();
    const found = wanted === '' ? -1 : lower.indexOf(wanted, at);
    if (found < 0) return [at, at];
    const start = at;
    at = found + wanted.length;
    return [start, at];
  });
}

/** True when a tokenizer.json uses a component of this type anywhere in its pre-tokenizer or decoder. */
function mentions(tokenizerJson: Json, type: string): boolean {
  const search = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.some(search);
    if (typeof value !== 'object' || value === null) return false;
    return (value as Json)['type'] === type || Object.values(value).some(search);
  };
  return search(tokenizerJson['pre_tokenizer']) || search(tokenizerJson['decoder']);
}
