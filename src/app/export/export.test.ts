import { crc32, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Token } from '../../core/fact';
import type { AttentionResult } from '../../probes/attention/meta';
import type { ModelInfo } from '../../core/model';
import { english } from '../i18n/messages';
import { attentionScene } from '../../probes/attention/view/scene';
import { fileName, provenanceOf, toCsv, toJson } from './data';
import { framed, lines, sourceLine } from '../../views/scenes/frame';
import { mapSteps } from '../../views/scenes/map-steps';
import { indexedPng, withComment } from '../../views/scenes/png';
import { escapeXml, sceneToSvg } from '../../views/scenes/scene';

const info = {
  name: 'Atlas',
  family: 'gpt2',
  dtype: 'fp32',
  backend: 'wasm',
  threads: 2,
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
    // A JSON string, so that nothing is added to the text that whoever reads the file would have to know of.
    const end = [String.raw`"""=HYPERLINK(\""x\"")"""`, '"""-1"""', ''].join('\r\n');
    expect(toCsv(table, provenance, '').endsWith(`\r\n${end}`)).toBe(true);
  });

  it('give every text back as it was', () => {
    const texts = [
      '=',
      '+1',
      '-',
      '@SUM(A1)',
      '\t=1',
      ' =1',
      '"',
      '"="',
      "'",
      'a,b',
      'x"y',
      '\n',
      '·Paris',
      '東京',
      '＝1',
      '',
    ];
    const table = { caption: '', columns: ['t', 'n'], rows: texts.map((text) => [text, 1] as const) };
    const file = toCsv(table, provenance, '');
    expect(file.startsWith('\ufeff# text: UTF-8;')).toBe(true);
    const body = file.slice(file.indexOf('\r\nt,n\r\n') + 7);
    // RFC 4180.
    const cells = [...body.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*)),1\r\n/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
    );
    expect(cells.map((cell) => (cell.startsWith('"') ? (JSON.parse(cell) as string) : cell))).toEqual(texts);
    expect(cells.filter((cell) => /^\s*[=+\-@\t\r]/.test(cell))).toEqual([]);
  });

  it('count layers and heads from 0, as links and JSON do', () => {
    const table = { caption: '', columns: ['layer', 'head', 'share'], rows: [[1, 10, 1]], fromOne: [0, 1] };
    expect(toCsv(table, provenance, '')).toMatch(/\r\n0,9,1\r\n$/);
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
    const svg = sceneToSvg(
      {
        width: 10,
        height: 5,
        background: '#fff',
        shapes: [{ kind: 'text', x: 1, y: 2, text: '</text><script>', fill: 'red"' }],
      },
      '{"fact":"</metadata><script>"}',
    );
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('fill="red&quot;"');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="10" height="5"/);
  });
});

/** Chunks of a PNG file by type. */
function chunksOf(file: Buffer): Record<string, Buffer> {
  const chunks: Record<string, Buffer> = {};
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    chunks[file.subarray(at + 4, at + 8).toString('latin1')] = file.subarray(at + 8, at + 8 + length);
    at += length + 12;
  }
  return chunks;
}

describe('where an exported picture comes from', () => {
  const hash = '0123456789abcdef'.repeat(4);
  const hashed: ModelInfo = {
    ...info,
    provenance: { source: 'hub', id: 'x', bytes: 1, sha256: { 'tokenizer.json': 'ff', 'onnx/model.onnx': hash } },
  };

  it('is written under it with the beginning of the model file’s hash, on as many lines as that takes', () => {
    const source = sourceLine(hashed, '0.1.0');
    expect(source).toBe('Atlas · fp32 · WASM, 2 threads · Strata 0.1.0 · sha256 0123456789ab');
    const long = framed(
      { title: '', fact: '', source: `${'an adapter with a long name '.repeat(5)}· ${source}` },
      { width: 0, height: 10, shapes: [] },
    );
    const foot = long.shapes.flatMap((shape) => (shape.kind === 'text' && shape.size === 9 ? [shape] : []));
    expect(foot.length).toBeGreaterThan(1);
    expect(foot.map((line) => line.text).join(' ')).toContain('sha256 0123456789ab');
    expect(foot.at(-1)!.y).toBe(long.height - 12);
    expect(foot[0]!.y).toBeGreaterThan(64 + 10);
  });

  it('says nothing of a hash that is not known', () => {
    const unknown = { ...info, provenance: { ...info.provenance, sha256: { 'tokenizer.json': 'ff' } } };
    expect(sourceLine(unknown, '0.1.0')).toBe('Atlas · fp32 · WASM, 2 threads · Strata 0.1.0');
  });

  it('stands whole in the metadata of SVG and PNG', () => {
    const about = toJson({ provenance: provenanceOf(hashed, '0.1.0', new Date(0)), fact: 'Größe <東京>' });
    const svg = sceneToSvg({ width: 1, height: 1, background: '#fff', shapes: [] }, about);
    expect(svg).toContain(hash);
    expect(svg).toMatch(/<metadata>[^<]*&lt;東京&gt;[^<]*<\/metadata>/);
    const plain = Buffer.from(indexedPng(Uint8Array.of(1), 1));
    const file = Buffer.from(withComment(plain, about));
    const { iTXt, ...others } = chunksOf(file);
    expect(others).toEqual(chunksOf(plain));
    expect(Object.keys(chunksOf(file)).indexOf('iTXt')).toBe(1);
    expect(iTXt!.toString('utf8')).toBe(`Comment\0\0\0\0\0${about}`);
    expect(crc32(file.subarray(37, 37 + 4 + iTXt!.length))).toBe(file.readUInt32BE(37 + 4 + iTXt!.length));
  });
});

describe('maps in exported pictures', () => {
  it('are PNG files with a palette that inflate to their rows', () => {
    const steps = Uint8Array.of(255, 0, 17, 3);
    const file = Buffer.from(indexedPng(steps, 2));
    expect(file.subarray(1, 4).toString('latin1')).toBe('PNG');
    const chunks = chunksOf(file);
    expect(Object.keys(chunks)).toEqual(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);
    expect([chunks['IHDR']!.readUInt32BE(0), chunks['IHDR']!.readUInt32BE(4)]).toEqual([2, 2]);
    expect(chunks['PLTE']).toHaveLength(768);
    // Each row begins with its filter, none.
    expect([...inflateSync(chunks['IDAT']!)]).toEqual([0, 255, 0, 0, 17, 3]);
    // The checksum of the empty last chunk is a known constant.
    expect(file.subarray(-4).toString('hex')).toBe('ae426082');
  });

  it('hold several blocks when large', () => {
    const steps = Uint8Array.from({ length: 300 * 300 }, (_, at) => at % 256);
    const file = Buffer.from(indexedPng(steps, 300));
    const data = file.indexOf('IDAT') + 4;
    const rows = inflateSync(file.subarray(data, data + file.readUInt32BE(data - 8)));
    expect(rows).toHaveLength(300 * 301);
    expect([...rows.subarray(301 * 7 + 1, 301 * 7 + 4)]).toEqual([...steps.subarray(2100, 2103)]);
  });

  it('keep a narrow stripe when they are gathered', () => {
    const map = new Float32Array(16);
    for (let dest = 0; dest < 4; dest++) map[dest * 4] = 1;
    expect(mapSteps(map, 4, 1, 4)).toEqual({
      size: 4,
      steps: Uint8Array.of(255, 0, 0, 0, 255, 1, 0, 0, 255, 1, 1, 0, 255, 1, 1, 1),
    });
    expect(mapSteps(map, 4, 1, 2)).toEqual({ size: 2, steps: Uint8Array.of(255, 0, 255, 1) });
  });
});

describe('the exported attention figure', () => {
  const T = 40;
  const heads = 3;
  const result: AttentionResult = {
    layers: [0, 1],
    n_heads: heads,
    n_positions: T,
    patterns: Float32Array.from({ length: 2 * heads * T * T }, (_, at) => (at % T === 0 ? 1 : 0)),
    subjectPositions: [0],
    subjectShare: Float32Array.of(1, 1),
    subjectShareByHead: new Float32Array(2 * heads).fill(1),
    dest: T - 1,
  };
  const tokens = Array.from({ length: T }, (_, id): Token => ({
    id,
    text: `t${id}`,
    bytes: [],
    start: 0,
    end: 0,
    special: false,
  }));
  const choice = {
    head: { layer: 1, head: 2 },
    looker: undefined,
    first: 'shown' as const,
    mean: false,
    together: [],
    variant: 'plain',
    heads: { does: () => undefined, line: () => 'On random text' },
  } as const;
  const frame = { title: 'Who looked where', fact: 'A fact', source: 'Atlas' };
  const textsOf = (drawing: 'matrix' | 'arcs') => {
    const scene = framed(frame, attentionScene(result, tokens, { ...choice, drawing }, english));
    for (const shape of scene.shapes) {
      if (!('x' in shape)) continue;
      expect(shape.x).toBeGreaterThanOrEqual(0);
      expect(shape.x).toBeLessThanOrEqual(scene.width);
      expect(shape.y).toBeLessThanOrEqual(scene.height);
    }
    return {
      maps: scene.shapes.filter((shape) => shape.kind === 'map').length,
      texts: scene.shapes.flatMap((shape) => (shape.kind === 'text' ? [shape.text] : [])),
    };
  };

  it('has the wall of all heads, however long the prompt, and everything said under the large one', () => {
    const { maps, texts } = textsOf('matrix');
    expect(maps).toBe(2 * heads + 1);
    expect(texts.filter((text) => text === 'subject')).toHaveLength(2 * heads);
    expect(texts).toContain('Layer 2, head 3');
    expect(texts).toContain('t39 spends 100\u00a0% of this head on t0.');
    expect(texts).toContain('On random text');
    expect(texts).toContain('Attention of t39 to the subject, by layer');
  });

  it('draws arcs where the page does', () => {
    const { maps, texts } = textsOf('arcs');
    expect(maps).toBe(2 * heads);
    expect(texts).toContain('t20');
  });
});

describe('lines of a text', () => {
  it('break at spaces, and a long word anywhere', () => {
    expect(lines('The capital of France is', 11)).toEqual(['The capital', 'of France', 'is']);
    expect(lines('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij']);
    expect(lines('', 10)).toEqual([]);
  });
});
