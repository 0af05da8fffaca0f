/** What is shown to a class, one at a time and in this order; the page's own order of questions. */
export const SLIDES = ['question', 'lens', 'emergence', 'attention', 'continuation'] as const;
export type Slide = (typeof SLIDES)[number];

/** Where a presentation stands: which slide, and whether the answer has been asked for (predict, then reveal). */
export class Presenter {
  readonly #available: () => readonly Slide[];
  #slide = $state<Slide>('question');
  #revealed = $state(false);

  /** @param available slides that have something to show right now; `question` is always among them. */
  constructor(available: () => readonly Slide[]) {
    this.#available = available;
  }

  get slide(): Slide {
    return this.#available().includes(this.#slide) ? this.#slide : 'question';
  }
  get slides(): readonly Slide[] {
    return this.#available();
  }
  /** From 0. */
  get index(): number {
    return this.slides.indexOf(this.slide);
  }
  /** Figures show the answer, so only the question can hide it. */
  get revealed(): boolean {
    return this.#revealed || this.slide !== 'question';
  }
  get first(): boolean {
    return this.slide === 'question' && !this.#revealed;
  }
  get last(): boolean {
    return this.revealed && this.index === this.slides.length - 1;
  }

  /** One step on: first the answer, then the next slide. */
  next(): void {
    if (!this.revealed) this.#revealed = true;
    else this.#slide = this.slides[this.index + 1] ?? this.slide;
  }

  back(): void {
    const { index } = this;
    if (index > 0) this.#slide = this.slides[index - 1]!;
    else this.#revealed = false;
  }

  /** Another fact: its answer is hidden again. */
  restart(): void {
    this.#slide = 'question';
    this.#revealed = false;
  }
}
