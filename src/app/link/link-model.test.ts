import { describe, expect, it } from 'vitest';
import { DEFAULT_CHOICE, folderChoice, hubChoice } from '../../models/choices';
import { isModelOf } from './link-model';

const COMMIT = '0123456789abcdef'.repeat(2) + '01234567';

describe('the model of a link', () => {
  it('is the one it names, or the stored commit of the branch it names', () => {
    const stored = hubChoice('owner/name', COMMIT, 'q8');
    expect(isModelOf(DEFAULT_CHOICE, 'atlas')).toBe(true);
    expect(isModelOf(stored, `hub:owner/name@${COMMIT}:q8`)).toBe(true);
    expect(isModelOf(stored, 'hub:owner/name@main:q8')).toBe(true);
    expect(
      isModelOf(folderChoice({ name: 'mine', files: new Map(), models: [{ dtype: 'q8' }] }, 'q8'), 'folder:mine:q8'),
    ).toBe(true);
  });

  it('is no other', () => {
    const stored = hubChoice('owner/name', COMMIT, 'q8');
    const others = [
      `hub:owner/name@${COMMIT.replaceAll('0', 'f')}:q8`,
      'hub:owner/name@main:fp32',
      'hub:owner/other@main:q8',
      'atlas',
    ];
    expect(others.filter((id) => isModelOf(stored, id))).toEqual([]);
    expect(isModelOf(DEFAULT_CHOICE, 'hub:owner/name@main:q8')).toBe(false);
  });
});
