import { LAYOUTS } from '../../tests/golden/layouts';
import { DTYPES, type Dtype } from '../core/model';
import { fit, memoryNeeded, sensibleDtype, type Device } from './advice';
import { approximateBytes, CATALOGUE, testedDtypes } from './catalogue';
import { hubChoice, parseHubChoice } from './choices';
import { checkHubId } from './hub';

describe('the catalogue', () => {
  it('calls tested only what the golden tests run: the same family in the same layout and dtype', () => {
    const run = new Set(LAYOUTS.map(({ folder, dtype }) => `${folder} ${dtype}`));
    const of = (repo: string): readonly Dtype[] => testedDtypes(CATALOGUE.find((model) => model.repo === repo)!);
    expect(of('HuggingFaceTB/SmolLM2-135M-Instruct')).toEqual(['fp32', 'fp16', 'q8']);
    for (const dtype of of('HuggingFaceTB/SmolLM2-135M-Instruct')) expect(run).toContain(`zoo/optimum-llama ${dtype}`);
    expect(of('Xenova/gpt2')).toEqual(['fp32']);
    expect(run).toContain('layouts/merged-gpt2 fp32');
    expect(of('onnx-community/LFM2-350M-ONNX')).toEqual([]);
  });

  it('names repositories the hub could have, once each, and sizes that follow precision', () => {
    expect(new Set(CATALOGUE.map(({ repo }) => repo)).size).toBe(CATALOGUE.length);
    for (const model of CATALOGUE) {
      expect(() => checkHubId(model.repo, 'main')).not.toThrow();
      expect(model.embedding).toBeLessThan(model.parameters);
      expect(approximateBytes(model, 'fp32')).toBe(4 * model.parameters);
      const [single, half, four] = (['fp32', 'fp16', 'q4f16'] as const).map((dtype) => approximateBytes(model, dtype));
      expect(half! < single! && four! < half!).toBe(true);
    }
  });
});

describe('advice', () => {
  const laptop: Device = { memoryBytes: 8e9, gpu: 'none' };
  const sizes = (fp32: number) => [
    { dtype: 'fp32' as const, bytes: fp32 },
    { dtype: 'fp16' as const, bytes: fp32 / 2 },
    { dtype: 'q8' as const, bytes: fp32 / 4 },
    { dtype: 'int8' as const, bytes: fp32 / 4 },
    { dtype: 'uint8' as const, bytes: fp32 / 4 },
  ];

  it('prefers exact numbers where they are small enough, else what the device computes well', () => {
    expect(sensibleDtype(sizes(500e6), laptop)).toBe('fp32');
    expect(sensibleDtype(sizes(2e9), laptop)).toBe('q8');
    expect(sensibleDtype(sizes(2e9), { memoryBytes: 16e9, gpu: 'half' })).toBe('fp16');
    expect(sensibleDtype(sizes(500e6), { memoryBytes: 1e9, gpu: 'none' })).toBe('q8');
    expect(sensibleDtype([], laptop)).toBeUndefined();
  });

  it('says beforehand what will be tight and what will not open', () => {
    expect(memoryNeeded(500e6)).toBe(1.3e9);
    expect(fit(500e6, laptop)).toBe('fits');
    expect(fit(500e6, { memoryBytes: 2e9, gpu: 'none' })).toBe('tight');
    expect(fit(500e6, { memoryBytes: 1e9, gpu: 'none' })).toBe('too-large');
    expect(fit(5e9, { memoryBytes: undefined, gpu: 'none' })).toBe('too-large');
  });
});

describe('names of hub models', () => {
  it.each(DTYPES)('are read as they were written: %s', (dtype) => {
    const choice = hubChoice('owner/some.name-1', '0123456789abcdef0123456789abcdef01234567', dtype);
    expect(parseHubChoice(choice.id)).toEqual(choice);
  });

  it('are read as they were written with the graph that is meant', () => {
    const choice = hubChoice('owner/name', 'main', 'q4', 'cpu_and_mobile/int4/model.onnx');
    expect(parseHubChoice(choice.id)).toEqual(choice);
    expect(choice.name).toBe('owner/name · int4');
  });

  it.each([
    'atlas',
    'hub:a/b:q8',
    'hub:a/b@main:q9',
    'hub:a/../b@main:q8',
    'hub:../b@main:q8',
    'hub:a/b@../main:q8',
    'hub:https://example.org/x@main:q8',
    'hub:a/b@main:q8?x',
    'hub:a/b@main:q8:../c.onnx',
    'hub:a/b@main:q8:c.txt',
  ])('are refused: %s', (id) => {
    expect(parseHubChoice(id)).toBeUndefined();
  });
});
