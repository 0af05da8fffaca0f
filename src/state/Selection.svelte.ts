/**
 * The one selection of the page (UX.md): a place names a position, a depth, a head or a token of the vocabulary.
 * Shapes as in `views/selection.ts`, which pictures read.
 */
export interface SelectedPlace {
  readonly position?: number;
  readonly depth?: number;
  readonly head?: { readonly layer: number; readonly head: number };
  readonly tokenId?: number;
}

function same(a: SelectedPlace, b: SelectedPlace): boolean {
  return (
    a.position === b.position &&
    a.depth === b.depth &&
    a.tokenId === b.tokenId &&
    a.head?.layer === b.head?.layer &&
    a.head?.head === b.head?.head
  );
}

/** Hovering shows, clicking pins, Esc lets go. */
export class Selection {
  #hovered = $state.raw<SelectedPlace | undefined>();
  #pins = $state.raw<readonly SelectedPlace[]>([]);
  /** Column of the lens that the emergence chart follows; undefined = where the answer comes next. */
  #column = $state<number | undefined>();
  /** The head shown large. */
  #head = $state.raw<{ readonly layer: number; readonly head: number } | undefined>();
  /** The token whose attention is singled out; undefined = the one before the answer. */
  #looker = $state<number | undefined>();

  get hovered(): SelectedPlace | undefined {
    return this.#hovered;
  }
  get pins(): readonly SelectedPlace[] {
    return this.#pins;
  }
  /** What figures show: the place under the pointer, else the latest pin. */
  get current(): SelectedPlace | undefined {
    return this.#hovered ?? this.#pins.at(-1);
  }
  get column(): number | undefined {
    return this.#column;
  }
  set column(value: number | undefined) {
    this.#column = value;
  }
  get head(): { readonly layer: number; readonly head: number } | undefined {
    return this.#head;
  }
  set head(value: { readonly layer: number; readonly head: number } | undefined) {
    this.#head = value;
  }
  get looker(): number | undefined {
    return this.#looker;
  }
  set looker(value: number | undefined) {
    this.#looker = value;
  }

  hover(place: SelectedPlace | undefined): void {
    if (place === this.#hovered || (place && this.#hovered && same(place, this.#hovered))) return;
    this.#hovered = place;
  }

  toggle(place: SelectedPlace): void {
    const without = this.#pins.filter((pin) => !same(pin, place));
    this.#pins = without.length === this.#pins.length ? [...without, place] : without;
  }

  /** Pins exactly these places, e.g. those of a link. */
  restore(pins: readonly SelectedPlace[]): void {
    this.#pins = pins;
  }

  /** Lets go of everything. True when there was something to let go of. */
  clear(): boolean {
    const held = this.#pins.length > 0 || this.#column !== undefined || this.#looker !== undefined;
    this.#pins = [];
    this.#hovered = undefined;
    this.#column = undefined;
    this.#looker = undefined;
    return held;
  }

  /** A new prompt has other positions; what pointed at the old ones is let go. */
  forgetPositions(): void {
    this.#hovered = undefined;
    this.#pins = this.#pins.filter((pin) => pin.position === undefined);
    this.#column = undefined;
    this.#looker = undefined;
  }
}
