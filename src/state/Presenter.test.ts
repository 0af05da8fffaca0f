import { describe, expect, it } from 'vitest';
import { Presenter } from './Presenter.svelte';

const SLIDES: readonly string[] = ['question', 'first', 'second', 'third', 'fourth'];

describe('a presentation', () => {
  it('asks first, reveals, and then goes through the figures and back', () => {
    const presenter = new Presenter(() => SLIDES);
    expect([presenter.slide, presenter.revealed, presenter.first]).toEqual(['question', false, true]);
    presenter.next();
    expect([presenter.slide, presenter.revealed, presenter.first]).toEqual(['question', true, false]);
    const seen: string[] = [];
    while (!presenter.last) {
      presenter.next();
      seen.push(presenter.slide);
    }
    expect(seen).toEqual(['first', 'second', 'third', 'fourth']);
    presenter.next();
    expect(presenter.slide).toBe('fourth');
    for (let step = 0; step < 4; step++) presenter.back();
    expect([presenter.slide, presenter.revealed]).toEqual(['question', true]);
    presenter.back();
    expect(presenter.first).toBe(true);
    presenter.back();
    expect(presenter.first).toBe(true);
  });

  it('hides the answer of another fact', () => {
    const presenter = new Presenter(() => SLIDES);
    presenter.next();
    presenter.next();
    presenter.restart();
    expect([presenter.slide, presenter.revealed]).toEqual(['question', false]);
  });

  it('leaves out what this model cannot show, also when it goes away meanwhile', () => {
    let available: readonly string[] = SLIDES;
    const presenter = new Presenter(() => available);
    for (let step = 0; step < 4; step++) presenter.next();
    expect(presenter.slide).toBe('third');
    available = ['question', 'first', 'fourth'];
    expect(presenter.slide).toBe('question');
    presenter.next();
    presenter.next();
    expect(presenter.slide).toBe('fourth');
    expect(presenter.last).toBe(true);
  });
});
