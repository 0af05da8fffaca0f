/** What a person can move the focus to. */
const REACHABLE =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex]';

/** Where the focus was: the elements around it, each with how many that can take it stood before. */
interface Around {
  readonly element: Element;
  readonly index: number;
}

const shown = (element: Element): boolean =>
  element.checkVisibility({ visibilityProperty: true }) && element.closest('[inert]') === null;

/** In the order of the page; of a group that Tab enters at one place, that place alone. */
function reachable(root: ParentNode): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(REACHABLE)].filter((element) => element.tabIndex >= 0);
}

function aroundOf(target: Element): Around[] {
  const out: Around[] = [];
  for (let element = target.parentElement; element; element = element.parentElement) {
    const before = reachable(element);
    const at = before.indexOf(target as HTMLElement);
    // What Tab passes over has a place among the others all the same.
    const place = (one: Element): boolean =>
      (one.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
    out.push({ element, index: at >= 0 ? at : before.filter(place).length });
  }
  return out;
}

/** Takes the focus itself, or else what stands for it: a place to read on from, which Tab does not stop at. */
export function focusOn(element: HTMLElement | null | undefined): boolean {
  if (!element?.isConnected || !shown(element)) return false;
  element.focus();
  return document.activeElement === element;
}

/** Where one reads on when nothing else is left of where one was: the first of these that there is. */
const READ_ON = ['#verdict', 'main'];

const readOn = (): void => void READ_ON.some((place) => focusOn(document.querySelector<HTMLElement>(place)));

const lost = (): boolean => !document.activeElement || document.activeElement === document.body;

/** After a panel is gone: the focus goes back to what opened it, or, where that is gone too, to what there is to read. */
export function giveBack(opener: Element | null): void {
  if (!lost()) return;
  if (opener instanceof HTMLElement && opener !== document.body && focusOn(opener)) return;
  readOn();
}

/**
 * Keeps the focus on the page: when what had it goes away, or can no longer have it, the focus moves to what stands in
 * its place, or as near as there is. Without this it falls to the body, and who uses a keyboard begins at the top.
 * Returns what undoes it.
 */
export function keepFocus(): () => void {
  let last: Element | undefined;
  let around: readonly Around[] = [];

  const remember = ({ target }: FocusEvent): void => {
    if (!(target instanceof Element) || target === document.body) return;
    last = target;
    around = aroundOf(target);
  };
  /** A click beside everything lets go of the focus, which is meant. */
  const letGo = ({ target }: PointerEvent): void => {
    if (target instanceof Element && !target.closest(REACHABLE)) last = undefined;
  };
  const mend = (): void => {
    if (!last || !lost()) return;
    if (last.isConnected && shown(last) && !last.matches(':disabled')) return;
    const panel = last.closest('dialog, [role=dialog]');
    last = undefined;
    // Panels give it back themselves.
    if (panel && !panel.isConnected) return;
    const room = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body;
    for (const { element, index } of around) {
      if (!element.isConnected || !room.contains(element) || !shown(element)) continue;
      const there = reachable(element).filter(shown);
      if (focusOn(there[Math.min(index, there.length - 1)])) return;
    }
    readOn();
  };

  const observer = new MutationObserver(mend);
  observer.observe(document.body, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['disabled', 'hidden', 'inert'],
  });
  document.addEventListener('focusin', remember);
  document.addEventListener('pointerdown', letGo, true);
  return () => {
    observer.disconnect();
    document.removeEventListener('focusin', remember);
    document.removeEventListener('pointerdown', letGo, true);
  };
}
