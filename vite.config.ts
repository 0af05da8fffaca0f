import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { messageCatalogues, NO_PARSER } from './.config/build/message-catalogues.ts';
import { pagePolicy } from './.config/build/page-policy.ts';
import { probeFolders } from './.config/build/probe-folders.ts';
import { runtimeFiles, RUNTIME_PATH } from './.config/build/runtime-files.ts';
import { shippedChecks } from './.config/build/shipped-checks.ts';
import { transformersSource } from './.config/build/transformers-source.ts';
import { webApp } from './.config/build/web-app.ts';
import pkg from './package.json' with { type: 'json' };

/** Needed for threads; on a plain static host the service worker adds the same headers. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const SVELTE = { preprocess: vitePreprocess(), compilerOptions: { runes: true } };

/** What takes long is known: checking the app's own models (`shippedChecks`). */
const QUIET_ABOUT_TIMES = { checks: { pluginTimings: false } };

export default defineConfig({
  base: './',
  plugins: [
    probeFolders(),
    svelte(SVELTE),
    messageCatalogues(),
    transformersSource(),
    runtimeFiles(),
    pagePolicy(),
    webApp(),
  ],
  define: {
    __STRATA_VERSION__: JSON.stringify(pkg.version),
    __STRATA_RUNTIME__: JSON.stringify(RUNTIME_PATH),
  },
  resolve: {
    alias: [NO_PARSER],
    // Without this ONNX Runtime's bundle names its wasm files by import.meta.url and Vite copies every build of them.
    conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'],
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: QUIET_ABOUT_TIMES,
  },
  worker: {
    format: 'es',
    plugins: () => [svelte(SVELTE), transformersSource(), shippedChecks()],
    rolldownOptions: QUIET_ABOUT_TIMES,
  },
  server: { headers: ISOLATION },
  preview: { headers: ISOLATION },
  test: {
    globals: true,
    environment: 'node',
    include: ['src/**/*.test.ts', 'tests/{golden,contract,lint,models}/**/*.test.ts'],
    testTimeout: 30_000,
    // Numbers, and nothing that is timed.
    maxWorkers: '100%',
  },
});
