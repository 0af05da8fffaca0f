/** The first slide: the question, whose answer is hidden until it is asked for. The others are figures, by id. */
export const QUESTION = 'question';

/** Where a presentation stands: which slide, and whether the answer has been asked for (predict, then reveal). */
export class Presenter {
  readonly #available: () => readonly string[];
  #slide = $state<string>(QUESTION);
  #revealed = $state(false);

  /** @param available slides that have something to show right now; `question` is always among them. */
  constructor(available: () => readonly string[]) {
    this.#available = available;
  }

  get slide(): string {
    return this.#available().includes(this.#slide) ? this.#slide : QUESTION;
  }
  get slides(): readonly string[] {
    return this.#available();
  }
  /** From 0. */
  get index(): number {
    return this.slides.indexOf(this.slide);
  }
  /** Figures show the answer, so only the question can hide it. */
  get revealed(): boolean {
    return this.#revealed || this.slide !== QUESTION;
  }
  get first(): boolean {
    return this.slide === QUESTION && !this.#revealed;
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
    this.#slide = QUESTION;
    this.#revealed = false;
  }
}
