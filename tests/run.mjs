// Runs every check, some side by side, then every test, one step after the other, and ends with "N passed, N failed".
//   node tests/run.mjs                      all of it
//   node tests/run.mjs --only unit,e2e      some of it
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'test-results');
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1].split(',') : undefined;
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (error) console.error(error.message);
  return status === 0;
}

const npx = (args, env) => run('npx', ['--no-install', ...args], env);

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

const tsc = (part) => ({ step: 'types', of: part, args: ['tsc', '-p', part] });
/** What needs nothing but the sources, and one core each: the longest first. */
const checks = [
  {
    step: 'types',
    of: 'page',
    args: ['svelte-check', '--tsconfig', 'tsconfig.json', '--config', 'vite.config.ts', '--fail-on-warnings'],
  },
  { step: 'lint', of: 'all', args: ['eslint', '--config', '.config/eslint.config.js', '.'] },
  tsc('tests'),
  tsc('src/worker'),
  tsc('src/service-worker'),
  { step: 'format', of: 'all', args: ['prettier', '--check', '--log-level', 'warn', '.'] },
];

/** Runs a command; what it says is printed when it has ended, so that two at once stay apart. */
function runAside(title, args) {
  return new Promise((resolve) => {
    const said = [];
    const child = spawn('npx', ['--no-install', ...args], { cwd: root, shell: process.platform === 'win32' });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => said.push(piece));
    child.on('error', (error) => said.push(Buffer.from(error.message)));
    child.on('close', (status) => {
      console.log(`\n── ${title} ──\n${Buffer.concat(said)}`);
      resolve(status === 0);
    });
  });
}

/** Several at a time, as many as there are cores but no more than their memory allows. */
async function runChecks() {
  const wanted = checks.filter(({ step }) => !only || only.includes(step));
  const next = async () => {
    for (let one = wanted.shift(); one; one = wanted.shift()) {
      const title = `${one.step} (${one.of})`;
      check(title, await runAside(title, one.args));
    }
  };
  await Promise.all(Array.from({ length: Math.min(3, availableParallelism()) }, next));
}

const steps = {
  unit: () => {
    const file = join(results, 'unit.json');
    const passed = npx(['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
    countReport('unit', passed, file, (report) => ({
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
    }));
  },
  python: () => {
    const python = ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0);
    const command = process.env.PYTHON ?? python;
    const tests = ['-m', 'unittest', 'discover', '-s', 'training/tests'];
    const needs = 'import numpy, onnx, onnxruntime, tokenizers, torch, transformers';
    if (command === undefined || spawnSync(command, ['-c', needs]).status !== 0) {
      console.log('Skipped: Python with the packages of training/requirements.txt is not here (set PYTHON).');
      return count('python', { skipped: 1 });
    }
    const { status, stderr } = spawnSync(command, tests, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] });
    const report = String(stderr);
    console.log(report);
    const number = (pattern) => Number(pattern.exec(report)?.[1] ?? 0);
    const skipped = number(/skipped=(\d+)/);
    const failed = number(/failures=(\d+)/) + number(/errors=(\d+)/);
    const ran = number(/^Ran (\d+) tests?/m);
    count('python', { passed: ran - failed - skipped, failed: failed || Number(status !== 0 || ran === 0), skipped });
  },
  build: () => check('build', npx(['vite', 'build', '--logLevel', 'warn'])),
  e2e: async () => {
    const chromium = await findChromium();
    if (chromium === undefined) {
      console.error('There is no Chromium and none could be installed. Set CHROMIUM_PATH.');
      return check('e2e', false);
    }
    const file = join(results, 'e2e.json');
    const passed = npx(['playwright', 'test', '--config', '.config/playwright.config.ts'], {
      CHROMIUM_PATH: chromium,
      CI: '1',
    });
    countReport('e2e', passed, file, ({ stats }) => ({
      passed: stats.expected,
      // A test that passed only at the second try is not one to rely on.
      failed: stats.unexpected + stats.flaky,
      skipped: stats.skipped,
    }));
  },
};

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
/** Says at its end how long a step took: the whole command has to stay below a quarter of an hour. */
async function timed(name, step) {
  const begin = performance.now();
  await step();
  console.log(`${name} took ${Math.round((performance.now() - begin) / 1000)} s`);
}

await timed('lint, format and types', runChecks);
for (const [name, step] of Object.entries(steps)) {
  if (only && !only.includes(name)) continue;
  console.log(`\n── ${name} ──`);
  await timed(name, step);
}

console.log('');
for (const failure of failures) console.log(failure);
if (total.skipped > 0) console.log(`${total.skipped} skipped`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
