import { createHash } from 'node:crypto';
import { readFileSync, statSync, createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const require = createRequire(import.meta.url);
const DIST = dirname(require.resolve('onnxruntime-web'));
const VERSION = (JSON.parse(readFileSync(join(DIST, '..', 'package.json'), 'utf8')) as { version: string }).version;

/** Where the runtime lies below the app's root; the version in it keeps an old worker from meeting a new runtime. */
export const RUNTIME_PATH = `runtime/${VERSION}/`;

/** Only what is used: the plain CPU build, and the asyncify build with WebGPU. */
const FILES = [
  'ort-wasm-simd-threaded.mjs',
  'ort-wasm-simd-threaded.wasm',
  'ort-wasm-simd-threaded.asyncify.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm',
];

const TYPES: Readonly<Record<string, string>> = {
  mjs: 'text/javascript',
  wasm: 'application/wasm',
  json: 'application/json',
};

/** The manifest the downloader checks the runtime against. */
function manifest(): string {
  const files = FILES.map((path) => {
    const bytes = readFileSync(join(DIST, path));
    return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  return JSON.stringify({ version: VERSION, files }, undefined, 2);
}

/** Copies ONNX Runtime's wasm files into the build and serves them in development, both under {@link RUNTIME_PATH}. */
export function runtimeFiles(): Plugin {
  return {
    name: 'strata-runtime-files',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = new URL(request.url ?? '/', 'http://localhost').pathname;
        const name = path.startsWith(`/${RUNTIME_PATH}`) ? path.slice(RUNTIME_PATH.length + 1) : '';
        const type = TYPES[name.split('.').pop() ?? ''];
        if (name !== 'files.json' && !FILES.includes(name)) return next();
        response.setHeader('Content-Type', type ?? 'application/octet-stream');
        if (name === 'files.json') return void response.end(manifest());
        response.setHeader('Content-Length', statSync(join(DIST, name)).size);
        createReadStream(join(DIST, name)).pipe(response);
      });
    },
    generateBundle() {
      if (this.environment.config.consumer !== 'client') return;
      this.emitFile({ type: 'asset', fileName: `${RUNTIME_PATH}files.json`, source: manifest() });
      for (const name of FILES) {
        this.emitFile({ type: 'asset', fileName: RUNTIME_PATH + name, source: readFileSync(join(DIST, name)) });
      }
    },
  };
}
