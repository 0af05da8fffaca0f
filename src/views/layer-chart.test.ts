import { describe, expect, it } from 'vitest';
import type { LayerRow } from './layer-grid';
import { axisFor, bandPath, curvePath, withinRows } from './layer-chart';
import { layerChartScene } from './scenes/layer-chart-scene';

const y = (depth: number): number => 100 - depth * 10;

describe('the layer chart', () => {
  it('maps probability linearly, and by decades with a floor', () => {
    expect(axisFor('p', [], 200).x(0.25)).toBe(50);
    const log = axisFor('logp', [], 200);
    expect(log.x(1)).toBe(200);
    expect(log.x(0.01)).toBeCloseTo(100);
    expect(log.x(0)).toBe(0);
    expect(log.ticks.map((tick) => tick.label)).toEqual(['0.01%', '0.1%', '1%', '10%', '100%']);
  });

  it('reaches down to the smallest probability drawn, in steps that fit', () => {
    const at = (...values: number[]) => axisFor('logp', values, 240);
    const labels = at(0.5, 3e-7).ticks.map((tick) => tick.label);
    expect(labels).toEqual(['10⁻⁶%', '10⁻⁴%', '0.01%', '1%', '100%']);
    expect(at(0.5, 3e-7).x(3e-7)).toBeGreaterThan(at(0.5, 3e-7).x(1e-8));
    expect(at(2e-5).ticks.map((tick) => tick.label)).toEqual(['10⁻⁴%', '0.01%', '1%', '100%']);
    expect(at(1e-30, 0, NaN).ticks.map((tick) => tick.label)).toEqual(['10⁻¹⁰%', '10⁻⁷%', '10⁻⁴%', '0.1%', '100%']);
    expect(at(1e-30).x(1e-30)).toBe(0);
    expect(at(1e-4).ticks).toHaveLength(5);
  });

  it('puts rank 1 on the right and the worst rank drawn inside', () => {
    const rank = axisFor('rank', [1, 3, 812], 300);
    expect(rank.x(1)).toBe(300);
    expect(rank.x(1000)).toBe(0);
    expect(rank.ticks.map((tick) => tick.label)).toEqual(['1,000', '100', '10', '1']);
  });

  it('draws what has a row, and nothing of the others on a row that is not theirs', () => {
    const curve = { depths: [0, 1, 2, 3], values: Float32Array.of(0, 0.25, 0.5, 1) };
    expect(withinRows(curve, new Set([0, 1, 2]))).toEqual({ depths: [0, 1, 2], values: [0, 0.25, 0.5] });
    const rows = [2, 1, 0].map((depth) => ({ depth, name: `Layer ${depth}` }) as LayerRow);
    const deeper = { ...curve, key: 'k', name: 'k', colour: '#123456', dashed: false, main: true };
    const band = { name: '', depths: [0, 1, 2, 3], low: [0, 0, 0, 0], high: [1, 1, 1, 1], mean: [0.5, 0.5, 0.5, 0.5] };
    const model = { rows, measure: 'p' as const, curves: [deeper], band, marks: [{ depth: 3, label: 'first' }] };
    const paths = layerChartScene(model).shapes.flatMap((shape) => (shape.kind === 'path' ? [shape] : []));
    const points = (colour: string): number => paths.filter((path) => path.stroke === colour && path.fill).length;
    expect(points('#123456')).toBe(3);
    const line = paths.find((path) => path.stroke === '#123456' && !path.fill)!;
    expect(line.d.match(/[ML]/g)).toHaveLength(3);
    expect(paths.filter((path) => path.dash?.[0] === 3)).toHaveLength(0);
  });

  it('keeps zero in the middle of a difference', () => {
    expect(axisFor('diff', [-3, 8], 200).x(0)).toBe(100);
  });

  it('breaks a curve where a value is missing', () => {
    const { x } = axisFor('p', [], 100);
    expect(curvePath({ depths: [0, 1, 2, 3], values: [0, 0.5, Number.NaN, 1] }, x, y)).toBe('M0,100L50,90M100,70Z');
    const band = { name: '', depths: [0, 1], low: [0, 0.1], high: [0.2, 0.3], mean: [0.1, 0.2] };
    expect(bandPath(band, x, y)).toBe('M20.00,100.00L30.00,90.00L10.00,90.00L0.00,100.00Z');
  });
});
