import { LOOKUP } from '../colour';
import { indexedPng, withComment } from './png';

/** A picture as plain shapes, so that the same one becomes an SVG file or a PNG. Pixels, y downward. */
export type Shape =
  | {
      readonly kind: 'rect';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly fill: string;
      readonly stroke?: string;
      readonly dash?: readonly number[];
      readonly radius?: number;
    }
  | {
      readonly kind: 'text';
      readonly x: number;
      /** Baseline. */
      readonly y: number;
      readonly text: string;
      readonly fill: string;
      readonly size?: number;
      readonly mono?: boolean;
      readonly bold?: boolean;
      readonly anchor?: 'start' | 'middle' | 'end';
    }
  | {
      readonly kind: 'path';
      readonly d: string;
      readonly stroke?: string;
      readonly fill?: string;
      readonly width?: number;
      readonly dash?: readonly number[];
      readonly opacity?: number;
    }
  | {
      readonly kind: 'map';
      readonly x: number;
      readonly y: number;
      /** Width and height on the page. */
      readonly side: number;
      /** Rows and columns of the map. */
      readonly size: number;
      /** `[size × size]` steps of the page's scale, 1–255; 0 is left out. */
      readonly steps: Uint8Array;
    };

/** A part of a scene: shapes where they stand in the whole, and the room they take. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly background: string;
  readonly shapes: readonly Shape[];
}

const SANS = 'system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif';
const MONO = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
const SIZE = 12;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML: markup escaped, characters that XML 1.0 forbids replaced. */
export function escapeXml(text: string): string {
  return (
    text
      .replace(/\p{Surrogate}/gu, '\ufffd')
      // eslint-disable-next-line no-control-regex -- exactly the characters XML 1.0 forbids
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"]/g, (character) => ESCAPES[character]!)
  );
}

const attributes = (values: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');

function shapeToSvg(shape: Shape): string {
  if (shape.kind === 'rect') {
    const { x, y, width, height, fill, stroke, dash, radius } = shape;
    const line = { stroke, 'stroke-dasharray': dash?.join(' ') };
    return `<rect${attributes({ x, y, width, height, fill, ...line, rx: radius })}/>`;
  }
  if (shape.kind === 'path') {
    const { d, stroke, fill = 'none', width, dash, opacity } = shape;
    const line = { stroke, 'stroke-width': width, 'stroke-dasharray': dash?.join(' '), opacity };
    return `<path${attributes({ d, fill, ...line })}/>`;
  }
  if (shape.kind === 'map') {
    const { x, y, side, size, steps } = shape;
    const href = `data:image/png;base64,${base64(indexedPng(steps, size))}`;
    return `<image${attributes({ x, y, width: side, height: side, 'image-rendering': 'pixelated', href })}/>`;
  }
  const { x, y, text, fill, size = SIZE, mono, bold, anchor } = shape;
  const font = { 'font-family': mono ? MONO : SANS, 'font-size': size, 'font-weight': bold ? 600 : undefined };
  return `<text${attributes({ x, y, fill, ...font, 'text-anchor': anchor })} xml:space="preserve">${escapeXml(text)}</text>`;
}

/** The scene as a file of its own. @param about what the file states of itself, unseen: JSON. */
export function sceneToSvg({ width, height, background, shapes }: Scene, about: string): string {
  const size = attributes({ width, height, viewBox: `0 0 ${width} ${height}` });
  const paper = `<rect${attributes({ width, height, fill: background })}/>`;
  const metadata = `<metadata>${escapeXml(about)}</metadata>`;
  return `<svg xmlns="http://www.w3.org/2000/svg"${size}>${metadata}${paper}${shapes.map(shapeToSvg).join('')}</svg>\n`;
}

/** A picture without what stands round a figure, as a file of its own. @param at its upper left corner in its own pixels. */
export function pictureToSvg(
  { width, height, shapes }: Picture,
  at: { readonly x: number; readonly y: number },
): string {
  // Frames are as wide as a line on both sides; the last label of an axis stands half beyond its end.
  const EDGE = 4;
  const LABEL = 20;
  const [wide, high] = [width + EDGE + LABEL, height + 2 * EDGE];
  const size = attributes({ width: wide, height: high, viewBox: `${at.x - EDGE} ${at.y - EDGE} ${wide} ${high}` });
  return `<svg xmlns="http://www.w3.org/2000/svg"${size}>${shapes.map(shapeToSvg).join('')}</svg>`;
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function mapCanvas(steps: Uint8Array, size: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(size, size);
  steps.forEach((step, at) => {
    if (step > 0) image.data.set(LOOKUP.light.subarray(step * 4, step * 4 + 4), at * 4);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

function draw(context: CanvasRenderingContext2D, shape: Shape): void {
  context.setLineDash([]);
  if (shape.kind === 'rect') {
    const path = new Path2D();
    path.roundRect(shape.x, shape.y, shape.width, shape.height, shape.radius ?? 0);
    context.fillStyle = shape.fill;
    context.fill(path);
    if (shape.stroke) {
      context.setLineDash([...(shape.dash ?? [])]);
      context.lineWidth = 1;
      context.strokeStyle = shape.stroke;
      context.stroke(path);
    }
  } else if (shape.kind === 'path') {
    const path = new Path2D(shape.d);
    if (shape.fill) {
      context.fillStyle = shape.fill;
      context.fill(path);
    }
    if (shape.stroke) {
      context.setLineDash([...(shape.dash ?? [])]);
      context.lineWidth = shape.width ?? 1;
      context.strokeStyle = shape.stroke;
      context.globalAlpha = shape.opacity ?? 1;
      context.stroke(path);
      context.globalAlpha = 1;
    }
  } else if (shape.kind === 'map') {
    context.imageSmoothingEnabled = false;
    context.drawImage(mapCanvas(shape.steps, shape.size), shape.x, shape.y, shape.side, shape.side);
  } else {
    context.font = `${shape.bold ? 600 : 400} ${shape.size ?? SIZE}px ${shape.mono ? MONO : SANS}`;
    context.textAlign = shape.anchor === 'middle' ? 'center' : (shape.anchor ?? 'start');
    context.fillStyle = shape.fill;
    context.fillText(shape.text, shape.x, shape.y);
  }
}

/** Largest side of a canvas that browsers still give. */
const LARGEST_SIDE = 8192;

/**
 * The scene as a PNG at `scale` pixels per unit (less where it would grow too large).
 * @param about what the file states of itself, unseen: JSON.
 */
export async function sceneToPng(scene: Scene, scale: number, about: string): Promise<Blob> {
  const fitting = Math.min(scale, LARGEST_SIDE / scene.width, LARGEST_SIDE / scene.height);
  const canvas = new OffscreenCanvas(Math.ceil(scene.width * fitting), Math.ceil(scene.height * fitting));
  const context = canvas.getContext('2d') as unknown as CanvasRenderingContext2D;
  context.scale(fitting, fitting);
  context.fillStyle = scene.background;
  context.fillRect(0, 0, scene.width, scene.height);
  for (const shape of scene.shapes) draw(context, shape);
  const picture = await canvas.convertToBlob({ type: 'image/png' });
  return new Blob([withComment(new Uint8Array(await picture.arrayBuffer()), about)], { type: 'image/png' });
}
