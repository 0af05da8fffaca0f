import { StrataError } from '../../core/errors';
import type { PreTrainedTokenizer } from './library';

/** A text in the model's chat template, up to where the model's own turn begins. */
export interface ChatFrame {
  readonly rendered: string;
  /** Characters of `rendered` before the person's text and after it; absent where the template has changed the text. */
  readonly round?: Round;
}

interface Round {
  readonly before: number;
  readonly after: number;
}

/** Stands for any text: a word that no template looks for. */
const PLACE = 'strata';
const ANSWER = 'answer';

/** A model's chat template: a text as what a person says, the model's answer as what it says next. */
export class ChatTemplate {
  readonly #tokenizer: PreTrainedTokenizer;
  /** What the template puts round a text. */
  #round: Round | undefined;
  /** What it puts between the beginning of the model's turn and the model's first word. */
  #gap: string | undefined;

  /** The template of a tokenizer, if it has one. */
  static of(tokenizer: PreTrainedTokenizer): ChatTemplate | undefined {
    try {
      return typeof tokenizer.get_chat_template() === 'string' ? new ChatTemplate(tokenizer) : undefined;
    } catch {
      // None, or several with none named `default`.
      return undefined;
    }
  }

  private constructor(tokenizer: PreTrainedTokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** @throws StrataError `invalid-config` when the template cannot be followed. */
  frame(text: string): ChatFrame {
    const rendered = this.#render([{ role: 'user', content: text }], true);
    const round = (this.#round ??= this.#surroundings());
    const own = rendered.slice(round.before, rendered.length - round.after);
    if (own === text) return { rendered, round };
    if (own !== text.trim()) return { rendered };
    // Many templates cut off the spaces at a text's ends: they count as if they were there.
    const start = text.length - text.trimStart().length;
    const end = text.length - text.trimEnd().length;
    return { rendered, round: { before: round.before - start, after: round.after - end } };
  }

  /** The answer as the template has the model say it, behind its generation prompt. */
  answerAfter(text: string, answer: string): string {
    this.#gap ??= this.#gapBefore(text);
    return /^\s/u.test(answer) ? answer : this.#gap + answer;
  }

  #gapBefore(text: string): string {
    const user = { role: 'user', content: text };
    const open = this.#render([user], true);
    const said = this.#render([user, { role: 'assistant', content: ANSWER }], false);
    const rest = said.startsWith(open) ? said.slice(open.length) : '';
    const at = rest.indexOf(ANSWER);
    const gap = at < 0 ? '' : rest.slice(0, at);
    return gap.trim() === '' ? gap : '';
  }

  #surroundings(): Round {
    const rendered = this.#render([{ role: 'user', content: PLACE }], true);
    const before = rendered.lastIndexOf(PLACE);
    if (before < 0) throw this.#unusable();
    return { before, after: rendered.length - before - PLACE.length };
  }

  #render(messages: readonly { readonly role: string; readonly content: string }[], open: boolean): string {
    try {
      return this.#tokenizer.apply_chat_template([...messages], { tokenize: false, add_generation_prompt: open });
    } catch (cause) {
      throw this.#unusable(cause);
    }
  }

  #unusable(cause?: unknown): StrataError {
    const message = 'The model’s chat template cannot be followed.';
    return new StrataError('invalid-config', message, { file: 'chat_template' }, { cause });
  }
}
