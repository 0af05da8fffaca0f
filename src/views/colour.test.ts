import { describe, expect, it } from 'vitest';
import { contrast, luminance, rgbOf, shade, type Theme } from './colour';

const THEMES: readonly Theme[] = ['light', 'dark'];
const VALUES = Array.from({ length: 256 }, (_, step) => step / 255);

function parse(css: string): readonly [number, number, number] {
  const hex = /^#(..)(..)(..)$/.exec(css);
  const parts = hex ? hex.slice(1).map((pair) => parseInt(pair, 16)) : css.match(/\d+/g)!.map(Number);
  return [parts[0]!, parts[1]!, parts[2]!];
}

describe('the sequential scale', () => {
  it.each(THEMES)('gives every shade readable text in %s mode', (theme) => {
    for (const value of VALUES) {
      const { background, text } = shade(value, theme);
      expect(contrast(luminance(parse(background)), luminance(parse(text))), `${value}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('runs one way: darker with value on paper, lighter at night', () => {
    const lights = THEMES.map((theme) => VALUES.map((value) => luminance(rgbOf(value, theme))));
    for (let step = 1; step < VALUES.length; step++) {
      expect(lights[0]![step]!).toBeLessThanOrEqual(lights[0]![step - 1]!);
      expect(lights[1]![step]!).toBeGreaterThanOrEqual(lights[1]![step - 1]!);
    }
  });

  it('knows the contrast of black on white, and clamps what lies outside', () => {
    expect(contrast(luminance([0, 0, 0]), luminance([255, 255, 255]))).toBeCloseTo(21, 5);
    expect(rgbOf(7, 'light')).toEqual(rgbOf(1, 'light'));
    expect(rgbOf(-1, 'dark')).toEqual(rgbOf(0, 'dark'));
    expect(rgbOf(Number.NaN, 'light')).toEqual(rgbOf(0, 'light'));
  });
});
