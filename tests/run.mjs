// Runs every check and test and ends with "N passed, N failed". What measures no time runs side by side.
//   node tests/run.mjs                      all of it
//   node tests/run.mjs --only unit,e2e      some of it
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from '../.config/build/install.mjs';
import { changedPaths, checkoutState } from './checkout.mjs';
import { findChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'test-results');
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1].split(',') : undefined;
const cores = availableParallelism();
const began = performance.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
/** Seconds of every step; the whole command has to stay below a quarter of an hour. */
const took = [];

/** Runs a command to its end. @returns whether it succeeded, and what it said where that is kept. */
function run(command, args, { env = {}, aside = false } = {}) {
  return new Promise((resolve) => {
    const said = [];
    const child = spawn(command, args, {
      cwd: root,
      stdio: aside ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      env: { ...process.env, ...env },
      shell: process.platform === 'win32',
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => said.push(piece));
    child.on('error', (error) => {
      said.push(Buffer.from(error.message));
      if (!aside) console.error(error.message);
    });
    child.on('close', (status) => resolve({ passed: status === 0, said: Buffer.concat(said).toString() }));
  });
}

const npx = (args, options) => run('npx', ['--no-install', ...args], options);

function count(step, { passed = 0, failed = 0, skipped = 0 }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  if (failed > 0) failures.push(`${step}: ${failed} failed`);
}

/** A step that only passes or fails. */
function check(step, passed) {
  count(step, passed ? { passed: 1 } : { failed: 1 });
}

/** Counts from a report; a run that broke before writing one is a failure of its own. */
function countReport(step, passed, file, read) {
  const counts = existsSync(file) ? read(JSON.parse(readFileSync(file, 'utf8'))) : {};
  count(step, passed || counts.failed ? counts : { ...counts, failed: 1 });
}

/** Tests of vitest. @param args What of its tests, and how. */
async function vitest(step, args, options) {
  const file = join(results, `${step}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { passed, said } = await npx(['vitest', 'run', ...args, ...reporters], options);
  countReport(step, passed, file, (report) => ({
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  }));
  return said;
}

async function python() {
  const names = ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0);
  const command = process.env.PYTHON ?? names;
  const needs = 'import numpy, onnx, onnxruntime, tokenizers, torch, transformers';
  if (command === undefined || spawnSync(command, ['-c', needs]).status !== 0) {
    count('python', { skipped: 1 });
    return 'Skipped: Python with the packages of training/requirements.txt is not here (set PYTHON).';
  }
  const tests = ['-m', 'unittest', 'discover', '-s', 'training/tests'];
  const { passed, said } = await run(command, tests, { aside: true });
  const number = (pattern) => Number(pattern.exec(said)?.[1] ?? 0);
  const skipped = number(/skipped=(\d+)/);
  const failed = number(/failures=(\d+)/) + number(/errors=(\d+)/);
  const ran = number(/^Ran (\d+) tests?/m);
  count('python', { passed: ran - failed - skipped, failed: failed || Number(!passed || ran === 0), skipped });
  return said;
}

/** A check that a command makes with one core. */
const checked = (step, of, args) => ({
  step,
  title: of === undefined ? step : `${step} (${of})`,
  async run() {
    const { passed, said } = await npx(args, { aside: true });
    check(of === undefined ? step : `${step} (${of})`, passed);
    return said;
  },
});
const tsc = (part) => checked('types', part, ['tsc', '-p', part]);

/** What measures no time and needs nothing but the sources: the longest first. */
const sideBySide = [
  { step: 'unit', title: 'unit', run: () => vitest('unit', [], { aside: true }) },
  checked('types', 'page', [
    'svelte-check',
    '--tsconfig',
    'tsconfig.json',
    '--config',
    'vite.config.ts',
    '--fail-on-warnings',
  ]),
  checked('lint', undefined, ['eslint', '--config', '.config/eslint.config.js', '.']),
  { step: 'python', title: 'python', run: python },
  tsc('tests'),
  tsc('src/worker'),
  tsc('src/service-worker'),
  checked('build', undefined, ['vite', 'build', '--logLevel', 'warn']),
  checked('format', undefined, ['prettier', '--check', '--log-level', 'warn', '.']),
];

/** Browsers, one after the other: a model that shares the cores with another browser is slow and says so. */
const inTurn = [
  {
    step: 'browsers',
    title: 'browsers',
    run: () => vitest('browsers', ['--config', '.config/vitest.browsers.config.ts']),
  },
  { step: 'e2e', title: 'e2e', run: e2e },
];

async function e2e() {
  const chromium = await findChromium();
  if (chromium === undefined) {
    console.error('There is no Chromium and none could be installed. Set CHROMIUM_PATH.');
    return check('e2e', false);
  }
  const file = join(results, 'e2e.json');
  const { passed } = await npx(['playwright', 'test', '--config', '.config/playwright.config.ts'], {
    env: { CHROMIUM_PATH: chromium, CI: '1' },
  });
  countReport('e2e', passed, file, ({ stats }) => ({
    passed: stats.expected,
    // A test that passed only at the second try is not one to rely on.
    failed: stats.unexpected + stats.flaky,
    skipped: stats.skipped,
  }));
}

/** One step; what it said aside is printed when it has ended, so that two at once stay apart. */
async function make({ title, run: work }) {
  const begin = performance.now();
  const said = await work();
  const seconds = Math.round((performance.now() - begin) / 1000);
  took.push([title, seconds]);
  if (said !== undefined) console.log(`\n── ${title} ──\n${said.trimEnd()}`);
  console.log(`${title} took ${seconds} s`);
}

const wanted = ({ step }) => !only || only.includes(step);

async function makeSideBySide(steps, lanes) {
  const next = async () => {
    for (let one = steps.shift(); one; one = steps.shift()) await make(one);
  };
  await Promise.all(Array.from({ length: lanes }, next));
}

const before = checkoutState(root);
const installed = install(root);
if (installed !== 0) process.exit(installed);
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
// No more at once than their memory allows.
await makeSideBySide(sideBySide.filter(wanted), Math.min(3, cores));
for (const step of inTurn.filter(wanted)) {
  console.log(`\n── ${step.title} ──`);
  await make(step);
}

console.log('\n── checkout ──');
const after = before && checkoutState(root);
if (after) {
  const changed = changedPaths(before, after);
  check('checkout', changed.length === 0);
  console.log(changed.length === 0 ? 'As it was before.' : `Changed by this command:\n${changed.join('\n')}`);
} else {
  count('checkout', { skipped: 1 });
  console.log('Skipped: this is no git checkout.');
}

console.log(`\n${took.map(([title, seconds]) => `${title} ${seconds} s`).join(' · ')}`);
console.log(`all ${Math.round((performance.now() - began) / 1000)} s`);
for (const failure of failures) console.log(failure);
if (total.skipped > 0) console.log(`${total.skipped} skipped`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
