/**
 * The one sequential scale of the page, from paper to ink-blue in light mode and from night to pale ice in dark
 * mode. Stops are in OKLCH (Ottosson 2020) with lightness falling (light mode) or rising (dark mode) evenly, so
 * equal steps in value look like equal steps in shade.
 */
export type Theme = 'light' | 'dark';

type Oklch = readonly [lightness: number, chroma: number, hueDegrees: number];

const STOPS: Readonly<Record<Theme, readonly Oklch[]>> = {
  light: [
    [0.962, 0.006, 105],
    [0.86, 0.034, 200],
    [0.74, 0.066, 222],
    [0.61, 0.088, 238],
    [0.48, 0.092, 248],
    [0.35, 0.082, 254],
  ],
  dark: [
    [0.262, 0.016, 250],
    [0.38, 0.052, 250],
    [0.51, 0.08, 244],
    [0.65, 0.094, 232],
    [0.79, 0.082, 216],
    [0.93, 0.04, 205],
  ],
};

const STEPS = 256;

function toLinear([lightness, chroma, hueDegrees]: Oklch): [number, number, number] {
  const hue = (hueDegrees * Math.PI) / 180;
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

function toByte(linear: number): number {
  const clipped = Math.min(1, Math.max(0, linear));
  const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(encoded * 255);
}

function between(stops: readonly Oklch[], t: number): Oklch {
  const at = t * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(at));
  const low = stops[index]!;
  const high = stops[index + 1]!;
  const mix = at - index;
  return [0, 1, 2].map((axis) => low[axis]! + (high[axis]! - low[axis]!) * mix) as unknown as Oklch;
}

function buildTable(theme: Theme): Uint8ClampedArray {
  const table = new Uint8ClampedArray(STEPS * 4);
  for (let step = 0; step < STEPS; step++) {
    const colour = toLinear(between(STOPS[theme], step / (STEPS - 1)));
    table.set([...colour.map(toByte), 255], step * 4);
  }
  return table;
}

/** RGBA lookup tables of 256 steps, `[256 × 4]`, for `putImageData`. */
export const LOOKUP: Readonly<Record<Theme, Uint8ClampedArray>> = {
  light: buildTable('light'),
  dark: buildTable('dark'),
};

function stepOf(value: number): number {
  return Number.isNaN(value) ? 0 : Math.round(Math.min(1, Math.max(0, value)) * (STEPS - 1));
}

/** Red, green, blue (0–255) of a value in [0, 1]; values outside are clamped. */
export function rgbOf(value: number, theme: Theme): readonly [number, number, number] {
  const at = stepOf(value) * 4;
  const table = LOOKUP[theme];
  return [table[at]!, table[at + 1]!, table[at + 2]!];
}

/** WCAG 2 relative luminance of an sRGB colour given in bytes. */
export function luminance([red, green, blue]: readonly [number, number, number]): number {
  const [r, g, b] = [red, green, blue].map((byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** WCAG 2 contrast ratio of two luminances, from 1 to 21. */
export function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const MINIMUM_CONTRAST = 4.5;
const INKS: readonly (readonly [css: string, rgb: readonly [number, number, number]])[] = [
  ['#18222e', [24, 34, 46]],
  ['#ffffff', [255, 255, 255]],
  // In the middle of the scale neither reaches 4.5 : 1; black always does.
  ['#000000', [0, 0, 0]],
];

interface Shade {
  readonly background: string;
  readonly text: string;
}

function buildShades(theme: Theme): readonly Shade[] {
  return Array.from({ length: STEPS }, (_, step) => {
    const rgb = rgbOf(step / (STEPS - 1), theme);
    const own = luminance(rgb);
    const ink = INKS.find(([, inkRgb]) => contrast(own, luminance(inkRgb)) >= MINIMUM_CONTRAST)!;
    return { background: `rgb(${rgb.join(' ')})`, text: ink[0] };
  });
}

const SHADES: Readonly<Record<Theme, readonly Shade[]>> = { light: buildShades('light'), dark: buildShades('dark') };

/** Background and readable text colour (contrast ≥ 4.5 : 1) for a value in [0, 1]. */
export function shade(value: number, theme: Theme): Shade {
  return SHADES[theme][stepOf(value)]!;
}

/** A few colours for overlaid curves (kept facts), told apart by lightness and hue; the answer's own is not among them. */
export const SERIES: Readonly<Record<Theme, readonly string[]>> = {
  light: ['#2f6f9f', '#3f7a52', '#8a5a12', '#8b3f75', '#4d5b6b'],
  dark: ['#7fbbe6', '#8ccb9d', '#e0b15c', '#e49acb', '#aab6c2'],
};
