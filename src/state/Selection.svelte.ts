import { samePlace, type HeadId, type Place } from '../core/place';

/** What a person chose and a link carries; what is absent is as usual. */
export interface Chosen {
  readonly head?: HeadId | undefined;
  readonly column?: number | undefined;
  readonly looker?: number | undefined;
  readonly pins: readonly Place[];
}

/** What there is to choose from. */
export interface Room {
  readonly positions: number;
  readonly n_layers: number;
  readonly n_heads: number;
}

/** The one selection of the page, shown in every figure at once. Hovering shows, clicking pins, Esc lets go. */
export class Selection {
  #hovered = $state.raw<Place | undefined>();
  #pins = $state.raw<readonly Place[]>([]);
  /** Column of the lens that the emergence chart follows; undefined = where the answer comes next. */
  #column = $state<number | undefined>();
  /** The head shown large. */
  #head = $state.raw<HeadId | undefined>();
  /** The token whose attention is singled out; undefined = the one before the answer. */
  #looker = $state<number | undefined>();

  get hovered(): Place | undefined {
    return this.#hovered;
  }
  get pins(): readonly Place[] {
    return this.#pins;
  }
  /** What figures show: the place under the pointer, else the latest pin. */
  get current(): Place | undefined {
    return this.#hovered ?? this.#pins.at(-1);
  }
  get column(): number | undefined {
    return this.#column;
  }
  set column(value: number | undefined) {
    this.#column = value;
  }
  get head(): HeadId | undefined {
    return this.#head;
  }
  set head(value: HeadId | undefined) {
    this.#head = value;
  }
  get looker(): number | undefined {
    return this.#looker;
  }
  set looker(value: number | undefined) {
    this.#looker = value;
  }

  hover(place: Place | undefined): void {
    if (place === this.#hovered || (place && this.#hovered && samePlace(place, this.#hovered))) return;
    this.#hovered = place;
  }

  toggle(place: Place): void {
    const without = this.#pins.filter((pin) => !samePlace(pin, place));
    this.#pins = without.length === this.#pins.length ? [...without, place] : without;
  }

  /** What was chosen, as a link carries it. */
  get chosen(): Chosen {
    return { head: this.#head, column: this.#column, looker: this.#looker, pins: this.#pins };
  }

  /** Chooses exactly this, e.g. what a link says. */
  restore({ head, column, looker, pins }: Chosen): void {
    this.#head = head;
    this.#column = column;
    this.#looker = looker;
    this.#pins = pins;
  }

  /** Lets go of what is not there: a link may have named it, or a shorter text or another model taken it away. */
  keepWithin({ positions, n_layers, n_heads }: Room): void {
    const exists = (position: number | undefined): boolean => position === undefined || position < positions;
    if (!exists(this.#column)) this.#column = undefined;
    if (!exists(this.#looker)) this.#looker = undefined;
    if (this.#head && !(this.#head.layer < n_layers && this.#head.head < n_heads)) this.#head = undefined;
    const pins = this.#pins.filter(({ position, depth }) => exists(position) && (depth ?? 0) <= n_layers);
    if (pins.length < this.#pins.length) this.#pins = pins;
  }

  /** Lets go of everything. True when there was something to let go of. */
  clear(): boolean {
    const chosen = [this.#column, this.#head, this.#looker];
    const held = this.#pins.length > 0 || chosen.some((one) => one !== undefined);
    this.#pins = [];
    this.#hovered = undefined;
    this.#column = undefined;
    this.#head = undefined;
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
