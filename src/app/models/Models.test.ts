import { describe, expect, it, vi } from 'vitest';
import type { ModelChoice } from '../../core/model';
import { hubChoice } from '../../models/choices';
import { Models } from './Models.svelte';

const paths = ['config.json', 'onnx/model.onnx'];
const folder = (name: string): ReadonlyMap<string, File> =>
  new Map(paths.map((path) => [`${name}/${path}`, new File(['{}'], path)]));

/** Reading that takes until it is told to end. */
function slow(name: string): { read: () => Promise<ReadonlyMap<string, File>>; end: () => void } {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { read: () => ended.then(() => folder(name)), end };
}

describe('files that are opened', () => {
  it('later win over earlier ones that take longer', async () => {
    const chosen: string[] = [];
    const models = new Models((choice) => chosen.push(choice.name));
    const first = slow('first');
    const opening = models.openPaths(first.read);
    await models.openPaths(() => Promise.resolve(folder('second')));
    first.end();
    await opening;
    expect(chosen).toEqual(['second · fp32']);
    expect(models.choices.filter(({ source }) => source.kind === 'folder').map(({ name }) => name)).toEqual(chosen);
  });

  it('do not win over a model that was chosen meanwhile, and then say nothing', async () => {
    const choose = vi.fn<(choice: ModelChoice) => void>();
    const models = new Models(choose);
    for (const outcome of ['opened', 'refused']) {
      const archive = slow(outcome);
      const opening = models.openPaths(async () => {
        await archive.read();
        if (outcome === 'refused') throw new Error('no archive');
        return folder(outcome);
      });
      expect(models.opening.kind).toBe('reading');
      models.current = hubChoice('owner/name', 'main', 'q8');
      archive.end();
      await opening;
      expect(models.opening.kind).toBe('none');
    }
    expect(choose).not.toHaveBeenCalled();
  });
});
