import type { Page } from '@playwright/test';
import type {} from './worker-page/page.ts';
import { WORKER_SCRIPT } from './model-workers.ts';
import { expect, MODELS, test } from './worker-site.ts';

test('the contract of ModelApi holds through the worker, on WASM', async ({ page }) => {
  const outcomes = await page.evaluate(() => window.strata.contract('wasm', 1e-4));
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(20);
  expect(outcomes[0]!.name).toMatch(/WASM, \d+ threads?/);
});

const failures = (outcomes: readonly { readonly error?: string }[]) =>
  outcomes.filter(({ error }) => error !== undefined);

// Every family, layout and precision is held to PyTorch in Node, by the same file of ONNX Runtime (tests/golden).
test('the zoo and other layouts give PyTorch’s numbers through the worker, on WASM', async ({ page }) => {
  for (const model of MODELS.filter((name) => name !== 'zoo/optimum-gpt2')) {
    const outcomes = await page.evaluate((name) => window.strata.parity(name, 'wasm', 1e-4), model);
    expect.soft(failures(outcomes), model).toEqual([]);
    expect.soft(outcomes.length, model).toBeGreaterThan(2);
    expect(outcomes[0]!.name).toMatch(/WASM/);
  }
});

test('a worker killed in a run is replaced, and the run repeated', async ({ page }) => {
  const result = await page.evaluate(async () => {
    const workers: Worker[] = [];
    const { client, zoo, restarts } = window.strata;
    const Native = window.Worker;
    window.Worker = class extends Native {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        if (args[1]?.name === 'strata') workers.push(this);
      }
    };
    const api = client();
    await api.load(await zoo('optimum-gpt2', 'wasm'));
    const before = await api.runProbe<{ induction: Float32Array }>({ probe: 'heads' });
    let killed = false;
    const after = await api.runProbe<{ induction: Float32Array }>(
      { probe: 'heads', options: { seeds: 3, threshold: 0.31 } },
      {
        onProgress: () => {
          if (killed) return;
          killed = true;
          workers[0]!.terminate();
        },
      },
    );
    await api.dispose();
    return {
      killed,
      workers: workers.length,
      states: restarts.map((event) => event.state).filter((state) => state !== 'loading'),
      same: String(after.result.induction) === String(before.result.induction),
    };
  });
  expect(result).toEqual({ killed: true, workers: 2, states: ['restarting', 'ready'], same: true });
});

test('typing: only the newest gets through, and what it cancelled leaves nothing behind', async ({ page }) => {
  const result = await page.evaluate(async () => {
    const { client, zoo } = window.strata;
    const api = client();
    await api.load(await zoo('optimum-gpt2', 'wasm'));
    let newest: AbortController | undefined;
    const ask = async (prompt: string) => {
      newest?.abort();
      const mine = (newest = new AbortController());
      try {
        return await api.runProbe({ probe: 'lens', fact: { prompt, answers: ['the'] } }, { signal: mine.signal });
      } catch (cause) {
        if (!mine.signal.aborted) throw cause;
        return undefined;
      }
    };
    const text = 'Berlin is the capital of Germany and Rome is the capital of';
    const runs: Promise<unknown>[] = [];
    for (let end = 3; end <= text.length; end++) {
      runs.push(ask(text.slice(0, end)));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const results = (await Promise.all(runs)) as ({ prepared: { fact: { prompt: string } } } | undefined)[];
    const last = results.at(-1)!.prepared.fact.prompt;
    const dropped = results.filter((one) => one === undefined).length;
    await api.dispose();
    return { last, dropped, total: results.length };
  });
  expect(result.last).toBe('Berlin is the capital of Germany and Rome is the capital of');
  expect(result.dropped).toBeGreaterThan(0);
});

test('a session that cannot be created: a code, and the next model loads', async ({ page }) => {
  const result = await page.evaluate(async () => {
    const { client, zoo } = window.strata;
    const api = client();
    const good = await zoo('optimum-gpt2', 'wasm');
    if (good.source.kind !== 'folder') throw new Error('not a folder');
    const chosen = good.source.files as ReadonlyMap<string, Blob>;
    const graph = new Uint8Array(await chosen.get('onnx/model.onnx')!.arrayBuffer());
    const attempt = async (bytes: Uint8Array<ArrayBuffer>) => {
      const files = new Map(chosen);
      files.set('onnx/model.onnx', new Blob([bytes]));
      try {
        await api.load({ ...good, source: { ...good.source, files } as typeof good.source });
        return 'loaded';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    // Cut short; and with an operator that does not exist.
    const cut = await attempt(graph.slice(0, graph.length / 2));
    const renamed = graph.slice();
    const name = [...'Softmax'].map((character) => character.charCodeAt(0));
    for (let at = 0; at < renamed.length - 7; at++) {
      if (name.every((code, index) => renamed[at + index] === code)) renamed.set([0x5a], at);
    }
    const unknown = await attempt(renamed);
    const info = await api.load(good);
    await api.dispose();
    return { cut, unknown, name: info.name };
  });
  expect(result.cut).not.toBe('loaded');
  expect(['malformed-model', 'not-a-model-file', 'truncated', 'session-failed']).toContain(result.cut);
  expect(['session-failed', 'unknown-anatomy', 'unsupported-model']).toContain(result.unknown);
  expect(result.name).toBe('optimum-gpt2');
});

test('the bundled model: fetched with progress, and from storage the second time', async ({ page }) => {
  const load = () =>
    page.evaluate(async () => {
      const { client } = window.strata;
      window.api = client();
      const seen: { received: number; total: number; fromStorage: boolean }[] = [];
      const info = await window.api.load(
        { source: { kind: 'bundled', id: 'atlas' }, backend: 'auto' },
        {
          onProgress: (progress) => {
            if (progress.stage !== 'download') return;
            const { receivedBytes: received, totalBytes: total, fromStorage } = progress;
            seen.push({ received, total, fromStorage });
          },
        },
      );
      return { last: seen.at(-1)!, backend: info.backend, source: info.provenance.source };
    });
  const first = await load();
  expect(first).toMatchObject({ backend: 'wasm', source: 'bundled' });
  expect(first.last.received).toBe(first.last.total);
  await page.evaluate(() => window.api.dispose());
  const second = await load();
  expect(second.last.fromStorage).toBe(true);
  await page.evaluate(() => window.api.dispose());
});

test('two tabs at once: both load and probe', async ({ page, context, site }) => {
  const other = await context.newPage();
  await other.goto(site.url);
  await other.waitForFunction(() => 'strata' in window);
  const work = () =>
    window.strata
      .client()
      .load({ source: { kind: 'bundled', id: 'atlas' }, backend: 'auto' })
      .then((info) => info.name);
  const before = site.requests.length;
  const names = await Promise.all([page.evaluate(work), other.evaluate(work)]);
  expect(names).toEqual(['Atlas', 'Atlas']);
  const models = site.requests.slice(before).filter((path) => path.endsWith('model.onnx'));
  expect(models.length).toBeLessThanOrEqual(1);
  await other.close();
});

test('storage full: the model works from memory, and a note says so', async ({ page, context, site }) => {
  const session = await context.newCDPSession(page);
  const { origin } = new URL(site.url);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 100_000 });
  const result = await page.evaluate(async () => {
    const notes: string[] = [];
    const api = window.strata.client();
    await api.load(
      { source: { kind: 'bundled', id: 'atlas' }, backend: 'auto' },
      { onProgress: (progress) => progress.stage === 'note' && notes.push(progress.note.code) },
    );
    const { prepared } = await api.runProbe({ probe: 'lens', fact: { prompt: 'The capital', answers: ['of'] } });
    await api.dispose();
    return { notes, tokens: prepared!.tokens.length };
  });
  expect(result.notes).toContain('storage-full');
  expect(result.tokens).toBeGreaterThan(0);
});

const THREAD_SCRIPT = /ort-wasm-simd-threaded\.mjs$/;

/**
 * ONNX Runtime's own timeout, which the app sets to half a minute, is up after two seconds. What it is set with is
 * looked up when it is set, so this script may end before it.
 */
const IMPATIENT = `{
  const patient = setTimeout;
  globalThis.setTimeout = (act, milliseconds, ...rest) =>
    patient(act, milliseconds === 30_000 ? 2_000 : milliseconds, ...rest);
}
`;

/** Loads and runs a model on a host that forgets a header: how many threads it got, in which of how many workers. */
async function threadsOn(page: Page, url: string): Promise<{ threads: number; workers: number }> {
  await page.goto(url);
  await page.waitForFunction(() => 'strata' in window && crossOriginIsolated && navigator.hardwareConcurrency > 1);
  let workers = 0;
  page.on('worker', (worker) => (workers += Number(WORKER_SCRIPT.test(worker.url()))));
  const threads = await page.evaluate(async () => {
    const api = window.strata.client();
    const info = await api.load(await window.strata.zoo('optimum-gpt2', 'wasm'));
    await api.runProbe({ probe: 'lens', fact: { prompt: 'The capital of France is', answers: ['the'] } });
    await api.dispose();
    return info.threads;
  });
  return { threads, workers };
}

test('threads that the host does not allow, or that never start for no visible reason: the model runs on one', async ({
  page,
  context,
  site,
}) => {
  const header = 'cross-origin-embedder-policy';
  const refused = await site.without(header, THREAD_SCRIPT);
  const silent = await site.without(header, THREAD_SCRIPT, { destination: 'worker', firstWorker: IMPATIENT });
  // What the host refuses is known before it is tried.
  expect(await threadsOn(page, refused.url)).toEqual({ threads: 1, workers: 1 });
  // What is silent is tried until the time is up, and a new worker takes over.
  const other = await context.newPage();
  expect(await threadsOn(other, silent.url)).toEqual({ threads: 1, workers: 2 });
  await Promise.all([refused.close(), silent.close()]);
});
