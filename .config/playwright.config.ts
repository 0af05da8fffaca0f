import { availableParallelism } from 'node:os';
import { defineConfig } from '@playwright/test';

const executablePath = process.env['CHROMIUM_PATH'];

const QUIET = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A test is over before optimised code of ONNX Runtime pays: compiling it is a third of what a page costs.
  '--js-flags=--liftoff-only',
];
/** A software adapter, so that WebGPU is tested where there is no graphics card. */
const SOFTWARE_WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

const launchOptions = (args: string[]): { args: string[]; executablePath?: string } => ({
  args,
  ...(executablePath ? { executablePath } : {}),
});

export default defineConfig({
  testDir: '../tests/e2e',
  outputDir: '../test-results',
  // Most of a test is waiting, but the model it runs wants a core.
  workers: Math.min(2, availableParallelism()),
  fullyParallel: true,
  // Generous, so that a busy machine is slow but not red.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env['CI']),
  reporter: [['list'], ['json', { outputFile: '../test-results/e2e.json' }]],
  use: {
    viewport: { width: 1440, height: 900 },
    // Pictures of the page at every step would slow each of them down.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: false },
    screenshot: 'only-on-failure',
    // The service worker stores a hundred files at every first visit: only where a test is about that.
    serviceWorkers: 'block',
    launchOptions: launchOptions(QUIET),
  },
  projects: [
    { name: 'wasm', testIgnore: '**/*.webgpu.spec.ts' },
    {
      name: 'webgpu',
      testMatch: '**/*.webgpu.spec.ts',
      use: { launchOptions: launchOptions([...QUIET, ...SOFTWARE_WEBGPU]) },
    },
  ],
});
