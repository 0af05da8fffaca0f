import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changedPaths, checkoutState } from '../checkout.mjs';

let root: string;
const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
const git = (...args: string[]): void => void execFileSync('git', args, { cwd: root });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strata-checkout-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('says nothing of a folder that is no checkout', () => {
  expect(checkoutState(root)).toBeUndefined();
});

describe.skipIf(spawnSync('git', ['--version']).status !== 0)('in a checkout', () => {
  beforeEach(() => {
    git('init', '-q');
    write('kept', 'as committed');
    write('.gitignore', 'made\n');
    git('add', '.');
    git('-c', 'user.name=n', '-c', 'user.email=e', 'commit', '-qm', 'first');
  });

  it('is unchanged by what is ignored and by what was changed before', () => {
    write('kept', 'changed by a person');
    const before = checkoutState(root)!;
    write('made', 'ignored');
    expect(changedPaths(before, checkoutState(root)!)).toEqual([]);
  });

  it('names what a command changed, added or took away, also where a person had changed it', () => {
    write('mine', 'a person’s');
    const before = checkoutState(root)!;
    write('kept', 'rewritten');
    write('mine', 'rewritten too');
    write('new one', 'left behind');
    expect(changedPaths(before, checkoutState(root)!)).toEqual(['kept', 'mine', 'new one']);
    rmSync(join(root, 'kept'));
    expect(changedPaths(before, checkoutState(root)!)).toContain('kept');
  });
});
