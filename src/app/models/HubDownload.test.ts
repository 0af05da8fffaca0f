import { beforeEach, describe, expect, it, vi } from 'vitest';
import { hubChoice } from '../../models/choices';
import { MemoryStore } from '../../models/storage';
import { HubDownload } from './HubDownload.svelte';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** Downloads under way: each ends when it is stopped, a while after. */
const network = vi.hoisted(() => ({ begun: 0, now: 0, most: 0 }));

vi.mock('../../models/hub', async (original) => ({
  ...(await original<object>()),
  storeHub: async (_repository: unknown, _which: unknown, { signal }: { signal: AbortSignal }) => {
    network.begun++;
    network.now++;
    network.most = Math.max(network.most, network.now);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => setTimeout(resolve, 5)));
    network.now--;
    throw new Error('stopped');
  },
}));

const repository = {
  repo: 'owner/name',
  revision: COMMIT,
  commit: COMMIT,
  files: ['config.json', 'onnx/model.onnx'].map((path) => ({
    path,
    bytes: 10,
    checksum: { algorithm: 'sha256' as const, hex: '0' },
  })),
};
const settled = (milliseconds = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

function begin(): HubDownload {
  const host = { store: Promise.resolve(new MemoryStore()), token: () => '', onchange: () => undefined };
  return new HubDownload(hubChoice('owner/name', COMMIT, 'fp32'), host, repository);
}

describe('a download from the hub', () => {
  beforeEach(() => {
    Object.assign(network, { begun: 0, now: 0, most: 0 });
    vi.stubGlobal('navigator', {});
  });

  it('is made once, however often it is continued, and one pause stops it', async () => {
    const download = begin();
    void download.start(true);
    await settled();
    expect([network.begun, download.state.kind]).toEqual([1, 'running']);
    download.pause();
    for (let press = 0; press < 3; press++) void download.start(true);
    await settled();
    expect([network.most, network.now, network.begun, download.state.kind]).toEqual([1, 1, 2, 'running']);
    download.pause();
    await settled();
    expect([network.now, download.state.kind]).toEqual([0, 'paused']);
  });

  it('does not begin when it was paused before it could', async () => {
    const download = begin();
    void download.start(true);
    void download.start(true);
    download.pause();
    await settled();
    expect([network.now, download.state.kind]).toEqual([0, 'paused']);
  });
});
