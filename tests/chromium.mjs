// Finds a Chromium for the browser tests, or installs Playwright's.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const root = fileURLToPath(new URL('..', import.meta.url));

function onPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name);
      if (folder && existsSync(path)) return path;
    }
  }
  return undefined;
}

async function playwrights() {
  const { chromium } = await import('@playwright/test');
  const path = chromium.executablePath();
  return existsSync(path) ? path : undefined;
}

const starts = (path) => spawnSync(path, ['--version'], { timeout: 30_000 }).status === 0;

/**
 * $CHROMIUM_PATH, else one on PATH, else Playwright's; installs one when there is none.
 * @returns {Promise<string | undefined>} Its path; undefined when none could be had.
 */
export async function findChromium() {
  for (const path of [process.env.CHROMIUM_PATH, onPath(), await playwrights()]) {
    if (path && starts(path)) return path;
  }
  console.log('No Chromium found; installing one.');
  const asRoot = process.getuid?.() === 0;
  const install = ['playwright', 'install', ...(asRoot ? ['--with-deps'] : []), 'chromium'];
  spawnSync('npx', install, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  const installed = await playwrights();
  if (installed && starts(installed)) return installed;
  if (asRoot && process.platform === 'linux') {
    spawnSync('sh', ['-c', 'apt-get update -q && apt-get install -qy --no-install-recommends chromium'], {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
  return onPath();
}
