import type { Fact, FactFields } from '../../core/fact';
import type { ModelChoice } from '../../core/model';
import { BUNDLED_MODELS } from '../../models/catalogue';
import { MAX_NULL_SUBJECTS } from '../../probes/emergence/meta';
import { anySubjects, otherSubjects, type Ledger } from './ledger';
import { outsideOf, type Outside, type Said } from './education';
import { makeFamiliar } from './familiar';
import { matchFact, type Match } from './match';
import { nearbyFacts } from './nearby';
import { giveWay, readLedger } from './read';

/** What the training text of the model on the page is known to hold. */
export class LedgerDesk {
  #ledger = $state.raw<Ledger | 'none' | undefined>();

  /** `none` for a model without one; undefined until it is known. */
  get ledger(): Ledger | 'none' | undefined {
    return this.#ledger;
  }

  forget(): void {
    this.#ledger = undefined;
  }

  /** @param stillWanted false when another model was chosen meanwhile. True when there is a ledger now. */
  async load(choice: ModelChoice, stillWanted: () => boolean): Promise<boolean> {
    const model = BUNDLED_MODELS.find((entry) => entry.id === choice.id);
    if (!model) {
      this.#ledger = 'none';
      return false;
    }
    try {
      const response = await fetch(new URL(`${model.folder}ledger.json`, document.baseURI));
      if (!response.ok) throw new Error(`status ${response.status}`);
      const ledger = await readLedger(await response.text());
      await makeFamiliar(ledger, giveWay);
      if (!stillWanted()) return false;
      this.#ledger = ledger;
      return true;
    } catch {
      // Without its ledger the model works all the same; the gallery says so.
      this.#ledger = 'none';
      return false;
    }
  }

  /** What the ledger says of a fact: the same for as long as it is asked of the same words, as it is by many. */
  match({ prompt, answers }: Pick<Fact, 'prompt' | 'answers'>): Match | undefined {
    const ledger = this.#ledger;
    if (typeof ledger !== 'object') return undefined;
    const words = JSON.stringify([prompt, ...answers]);
    if (this.#matched?.ledger !== ledger || this.#matched.words !== words)
      this.#matched = { ledger, words, match: matchFact(ledger, prompt, answers) };
    return this.#matched.match;
  }
  #matched: { readonly ledger: Ledger; readonly words: string; readonly match: Match | undefined } | undefined;

  /** Whether a prompt lies outside what was taught, by what the model would write after it. */
  outside(prompt: string, match: Match | undefined, said: Said): Outside | undefined {
    return typeof this.#ledger === 'object' ? outsideOf(this.#ledger, prompt, match, said) : undefined;
  }

  /** Facts that were taught, near to a prompt. */
  nearby(prompt: string, count: number): readonly FactFields[] {
    return typeof this.#ledger === 'object' ? nearbyFacts(this.#ledger, prompt, count) : [];
  }

  /** Names that can stand in the subject's place; empty where none are known. */
  others({ prompt, subject }: FactFields, match: Match | undefined): readonly string[] {
    if (typeof this.#ledger !== 'object' || !subject) return [];
    const asked = prompt.slice(...subject);
    return match
      ? otherSubjects(this.#ledger, match.fact, MAX_NULL_SUBJECTS, asked)
      : anySubjects(this.#ledger, asked, MAX_NULL_SUBJECTS);
  }
}
