import { ModelClient } from '../../client/model-client';
import type { ModelChoice } from '../../core/model';
import type { EmergenceResult } from '../../probes/emergence/meta';
import { Comparison, type Side } from '../../state/Comparison.svelte';
import type { Page } from '../shell/page.svelte';

/** What the precision ruler keeps while its dialog is closed: the choices, and the answers of models that are done. */
export class RulerSession {
  readonly comparison: Comparison<EmergenceResult>;
  #chosen = $state.raw<Readonly<Partial<Record<Side, string>>>>({});

  constructor(page: Page) {
    this.comparison = new Comparison({
      open: () => new ModelClient({ root: new URL('.', document.baseURI).href }),
      loaded: () => {
        const { status } = page.model.session;
        return status.kind === 'ready'
          ? { choiceId: page.model.choice.id, api: page.model.api, info: status.info }
          : undefined;
      },
      request: ({ source }: ModelChoice) => {
        const { token } = page.model.models;
        return { source, backend: page.settings.backend, ...(token ? { hubToken: token } : {}) };
      },
    });
  }

  /** Ids of the choices a person made; undefined where the usual one stands. */
  get chosen(): Readonly<Partial<Record<Side, string>>> {
    return this.#chosen;
  }

  choose(side: Side, id: string): void {
    this.#chosen = { ...this.#chosen, [side]: id };
  }
}

const sessions = new WeakMap<Page, RulerSession>();

export function rulerSession(page: Page): RulerSession {
  const known = sessions.get(page);
  if (known) return known;
  const session = new RulerSession(page);
  sessions.set(page, session);
  return session;
}
