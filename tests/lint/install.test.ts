import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isInstalled } from '../../.config/build/install.mjs';

const LOCKED = {
  '': { version: '1.0.0' },
  'node_modules/one': { version: '1.2.3', integrity: 'sha512-one' },
  'node_modules/two': { version: '2.0.0', integrity: 'sha512-two', dev: true },
  'node_modules/elsewhere': { version: '3.0.0', integrity: 'sha512-elsewhere', optional: true },
};
const { '': _, 'node_modules/elsewhere': elsewhere, ...INSTALLED } = LOCKED;

let root: string;
const write = (path: string, packages: object): void => writeFileSync(join(root, path), JSON.stringify({ packages }));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strata-install-'));
  mkdirSync(join(root, 'node_modules'));
  write('package-lock.json', LOCKED);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('nothing is installed where every package is as locked, whatever another platform needs', () => {
  write('node_modules/.package-lock.json', INSTALLED);
  expect(isInstalled(root)).toBe(true);
  write('node_modules/.package-lock.json', { ...INSTALLED, 'node_modules/elsewhere': elsewhere });
  expect(isInstalled(root)).toBe(true);
});

it.each([
  ['is missing', { 'node_modules/one': LOCKED['node_modules/one'] }],
  ['is older', { ...INSTALLED, 'node_modules/two': { ...LOCKED['node_modules/two'], version: '1.9.0' } }],
  ['is another', { ...INSTALLED, 'node_modules/two': { ...LOCKED['node_modules/two'], integrity: 'sha512-other' } }],
  ['is no longer wanted', { ...INSTALLED, 'node_modules/three': { version: '1.0.0' } }],
])('something is installed where a package %s', (_why, packages) => {
  write('node_modules/.package-lock.json', packages);
  expect(isInstalled(root)).toBe(false);
});

it('everything is installed in a fresh clone', () => {
  rmSync(join(root, 'node_modules'), { recursive: true });
  expect(isInstalled(root)).toBe(false);
});
