import { describe, expect, it } from 'vitest';
import { gate } from '../../tests/fixtures/scripted-engine.ts';
import { SerialQueue } from './serial-queue';

describe('SerialQueue', () => {
  it('runs one at a time, in order, also past a failure', async () => {
    const queue = new SerialQueue();
    const log: string[] = [];
    const first = gate();
    const one = queue.run(async () => {
      log.push('one begins');
      await first.promise;
      throw new Error('one fails');
    });
    const two = queue.run(() => Promise.resolve(log.push('two')));
    await Promise.resolve();
    first.resolve();
    await expect(one).rejects.toThrow('one fails');
    await two;
    expect(log).toEqual(['one begins', 'two']);
  });

  it('takes cancelled work out while it waits, at once, and never starts it', async () => {
    const queue = new SerialQueue();
    const first = gate();
    const running = queue.run(() => first.promise);
    const abort = new AbortController();
    let started = false;
    const waiting = queue.run(() => Promise.resolve((started = true)), abort.signal);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    first.resolve();
    await running;
    await queue.idle();
    expect(started).toBe(false);
  });

  it('leaves running work to decide what an abort means', async () => {
    const queue = new SerialQueue();
    const begun = gate();
    const end = gate<string>();
    const abort = new AbortController();
    const running = queue.run(() => {
      begun.resolve();
      return end.promise;
    }, abort.signal);
    await begun.promise;
    abort.abort();
    end.resolve('what was done so far');
    await expect(running).resolves.toBe('what was done so far');
  });

  it('refuses everything once closed', async () => {
    const queue = new SerialQueue();
    const first = gate();
    const running = queue.run(() => first.promise);
    const waiting = queue.run(() => Promise.resolve());
    await Promise.resolve();
    queue.close();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    first.resolve();
    await running;
    await expect(queue.run(() => Promise.resolve())).rejects.toMatchObject({ code: 'cancelled' });
  });
});
