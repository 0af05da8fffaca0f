import { describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../core/model';
import { fileName, provenanceOf, toCsv, toJson } from './data';
import { escapeXml, sceneToSvg } from './scene';

const info = {
  name: 'Atlas',
  family: 'gpt2',
  dtype: 'fp32',
  backendLabel: 'WASM, 2 threads',
  versions: { 'onnxruntime-web': '1.31' },
  provenance: { source: 'bundled', id: 'atlas', sha256: { 'onnx/model.onnx': 'ab' }, bytes: 1 },
} as unknown as ModelInfo;
const provenance = provenanceOf(info, '0.1.0', new Date(0));

describe('exported numbers', () => {
  it('state where they come from and survive commas, quotes and lines', () => {
    const table = { caption: 'Logit lens', columns: ['a', 'b'], rows: [['x,"y"\nz', 0.5]] };
    const lines = toCsv(table, provenance, 'The capital\nof France is → Paris').split('\r\n');
    expect(lines).toContain('# fact: The capital of France is → Paris');
    expect(lines).toContain('# model: Atlas (gpt2, fp32), bundled:atlas');
    expect(lines).toContain('# sha256: {"onnx/model.onnx":"ab"}');
    expect(lines.slice(-3)).toEqual(['a,b', '"x,""y""\nz",0.5', '']);
  });

  it('never become a formula in a spreadsheet', () => {
    const table = { caption: '', columns: ['t'], rows: [['=HYPERLINK("x")'], ['-1']] };
    expect(toCsv(table, provenance, '')).toMatch(/"'=HYPERLINK\(""x""\)"\r\n'-1\r\n$/);
  });

  it('keep typed arrays and infinities in JSON', () => {
    expect(toJson({ p: Float32Array.of(0.5, Infinity), ids: Int32Array.of(1) })).toBe(
      '{"p":[0.5,"Infinity"],"ids":[1]}\n',
    );
  });

  it('are saved under plain names', () => {
    expect(fileName(['strata', 'logit lens', 'The capital of France is / "x"'], 'csv')).toBe(
      'strata-logit-lens-the-capital-of-france-is-x.csv',
    );
    expect(fileName(['…'], 'svg')).toBe('strata.svg');
  });
});

describe('exported pictures', () => {
  it('escape what tokens may hold', () => {
    expect(escapeXml('<b>"&\u0000\ud800')).toBe('&lt;b&gt;&quot;&amp;\ufffd\ufffd');
    const svg = sceneToSvg({
      width: 10,
      height: 5,
      background: '#fff',
      shapes: [{ kind: 'text', x: 1, y: 2, text: '</text><script>', fill: 'red"' }],
    });
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('fill="red&quot;"');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="10" height="5"/);
  });
});
