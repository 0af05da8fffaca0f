import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Site } from '../e2e/site';
import type { Driver } from './driver';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const { n_layer: layers } = JSON.parse(readFileSync(at('public/models/atlas/config.json'), 'utf8')) as {
  n_layer: number;
};

const LONGEST_WAIT_MS = 90_000;

const button = (name: string): string => `//button[normalize-space()="${name}"]`;
const field = (label: string): string => `//*[@id=//label[normalize-space()="${label}"]/@for]`;

/** Text of what carries a label, as a JavaScript expression; empty where there is none. */
const textOf = (label: string): string => `(document.querySelector('[aria-label="${label}"]')?.textContent ?? '')`;
const VERDICT = textOf('Verdict');
const LENS = textOf('Logit lens');
/** The verdict and every figure answer what stands in the fields. */
const ANSWERED = `document.querySelector('#verdict [aria-busy]')?.getAttribute('aria-busy') === 'false'
  && document.querySelectorAll('figure').length > 0 && document.querySelectorAll('figure.stale').length === 0`;

/** Keeps what the page gives to be saved, since where a browser puts files differs. */
const WATCH_SAVING = `(() => {
  const make = URL.createObjectURL.bind(URL);
  window.saved = [];
  URL.createObjectURL = (blob) => { window.saved.push(blob); return make(blob); };
})()`;
const SAVED = `Promise.all(window.saved.map(async (blob) =>
  ({ type: blob.type, bytes: [...new Uint8Array(await blob.arrayBuffer())] })))`;

/** Keeps what goes wrong on the page from its first script on, also over a reload: not every protocol tells of it. */
const LISTEN = `{
  const note = (text) => sessionStorage.setItem('wrong', JSON.stringify(
    [...JSON.parse(sessionStorage.getItem('wrong') ?? '[]'), String(text)]));
  const say = console.error;
  console.error = (...parts) => { note(parts.join(' ')); say(...parts); };
  addEventListener('error', (event) => note(event.message ?? 'not loaded: ' + event.target.outerHTML), true);
  addEventListener('unhandledrejection', (event) => note(event.reason));
  addEventListener('securitypolicyviolation', (event) => note(event.violatedDirective + ' ' + event.blockedURI));
}
`;
const WRONG = `JSON.parse(sessionStorage.getItem('wrong') ?? '[]')`;

/** Has the site's first script listen before it does anything else. */
async function listen({ folder }: Site): Promise<void> {
  const assets = join(folder, 'assets');
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const name = (await readdir(assets)).find((file) => html.includes(`src="./assets/${file}"`));
  assert.ok(name, 'index.html names no script');
  const script = await readFile(join(assets, name), 'utf8');
  // Other copies of the site share the file.
  await rm(join(assets, name));
  await writeFile(join(assets, name), LISTEN + script);
}

async function wrong(driver: Driver): Promise<string[]> {
  return [...driver.errors(), ...(await driver.evaluate<string[]>(WRONG))];
}

async function until(driver: Driver, expression: string, what: string): Promise<void> {
  const deadline = performance.now() + LONGEST_WAIT_MS;
  // A page that is being replaced has nothing to say yet.
  while (!(await driver.evaluate<boolean>(expression).catch(() => false))) {
    if (performance.now() > deadline) {
      const text = await driver.evaluate<string>('document.body.innerText').catch(String);
      assert.fail(
        `Waited in vain for ${what}. The page says:\n${text}\n${(await wrong(driver).catch(() => [])).join('\n')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function ask(driver: Driver, prompt: string, answer: string, says: string): Promise<void> {
  await driver.type(field('Prompt'), prompt);
  await driver.type(field('Answer'), answer);
  await until(driver, `${VERDICT}.includes('${answer}') && ${ANSWERED}`, `a verdict on ${prompt} ${answer}`);
  await until(driver, `${LENS}.includes('${says}')`, `a lens over ${says}`);
}

async function takeAlong(driver: Driver): Promise<void> {
  await driver.evaluate(WATCH_SAVING);
  await driver.click(button('Export'));
  await until(driver, `!!document.querySelector('[aria-label="Logit lens as JSON"]')`, 'the dialog for export');
  for (const [format, count] of [
    ['JSON', 1],
    ['PNG', 2],
  ] as const) {
    await driver.click(`//button[@aria-label="Logit lens as ${format}"]`);
    await until(driver, `window.saved.length === ${count}`, `the lens as ${format}`);
  }
  const [json, png] = await driver.evaluate<{ type: string; bytes: number[] }[]>(SAVED);
  const told = Buffer.from(json!.bytes).toString();
  assert.equal(json!.type, 'application/json');
  assert.match((JSON.parse(told) as { readonly fact: string }).fact, /The capital of Italy is.*Rome/);
  assert.match(told, /"onnx\/model\.onnx": ?"[0-9a-f]{64}"/);
  assert.equal(png!.type, 'image/png');
  assert.equal(Buffer.from(png!.bytes.slice(1, 4)).toString(), 'PNG');
  assert.ok(png!.bytes.length > 10_000, `a picture of ${png!.bytes.length} bytes`);
  await driver.click(`//dialog${button('Close')}`);
}

/**
 * What a person does first, from the first visit to a page without its server: the built site is served, and what is
 * asserted is the same in every browser.
 * @returns Milliseconds from the address to the first verdict.
 */
export async function makeJourney(driver: Driver): Promise<number> {
  const site = await Site.start();
  try {
    await listen(site);
    const begin = performance.now();
    await driver.goto(site.url);
    await until(driver, `/\\d/.test(${VERDICT})`, 'the first verdict');
    const took = performance.now() - begin;
    await until(driver, `${VERDICT}.includes('Paris') && ${ANSWERED}`, 'the first fact’s figures');
    assert.equal(await driver.evaluate('crossOriginIsolated'), true);
    const rows = `document.querySelectorAll('[role=grid][aria-label="Logit lens"] [role=row]').length`;
    assert.equal(await driver.evaluate(rows), layers + 2);
    for (const name of ['Logit lens', 'Emergence', 'Attention']) {
      const figure = `!!document.querySelector('figure[aria-label="${name}"]')`;
      await until(driver, figure, `the figure ${name}`);
    }
    await until(driver, `!!document.querySelector('[role=dialog][aria-label="Tour"]')`, 'the tour');
    await driver.click(button('Skip the tour'));
    await ask(driver, 'The capital of Italy is', 'Rome', '·Italy');
    await takeAlong(driver);
    await until(driver, `document.body.textContent.includes('ready to work offline')`, 'what it takes to work offline');
    await site.down();
    await driver.reload();
    await until(driver, `/\\d/.test(${VERDICT}) && ${ANSWERED}`, 'a verdict without the server');
    await ask(driver, 'The capital of Japan is', 'Tokyo', '·Japan');
    assert.deepEqual(await wrong(driver), []);
    return took;
  } finally {
    await site.remove();
  }
}
