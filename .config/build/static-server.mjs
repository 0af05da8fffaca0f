import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve as resolvePath, sep } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
};

const PIECE = 64 * 1024;

/** What gives a page threads. A plain static host does not send these. */
export const ISOLATION_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * Serves a folder as a static host does: types, Range, ETag, nothing else.
 * @param {string} folder
 * @param {{ port?: number, host?: string, base?: string, headers?: Record<string, string>, bytesPerSecond?: number }} [options]
 *   `base` is the path the folder lies under, e.g. `/strata/`; `bytesPerSecond` slows bodies, for tests.
 * @returns {Promise<{ url: string, requests: string[], close: () => Promise<void> }>}
 */
export async function serveFolder(
  folder,
  { port = 0, host = '127.0.0.1', base = '/', headers = {}, bytesPerSecond } = {},
) {
  /** @type {string[]} */
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '/');
    answer({ folder, base, headers, bytesPerSecond }, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(undefined));
  });
  const address = server.address();
  const used = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${host === '127.0.0.1' ? 'localhost' : host}:${used}${base}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve(undefined));
        server.closeAllConnections();
      }),
  };
}

async function answer({ folder, base, headers: extra, bytesPerSecond }, request, response) {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (`${pathname}/` === base) return void response.writeHead(301, { Location: base }).end();
  const path = fileOf(folder, base, pathname);
  const info = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || !info?.isFile()) return void response.writeHead(404, extra).end('Not found');
  const etag = `"${info.size.toString(16)}-${Math.trunc(info.mtimeMs).toString(16)}"`;
  const headers = {
    ...extra,
    'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    'Cache-Control': pathname.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: etag,
  };
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, headers).end();
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(Number(range[2]), info.size - 1) : info.size - 1;
  if (range && start > end)
    return void response.writeHead(416, { ...headers, 'Content-Range': `bytes */${info.size}` }).end();
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'Content-Length': info.size === 0 ? 0 : end - start + 1,
    ...(range ? { 'Content-Range': `bytes ${start}-${end}/${info.size}` } : {}),
  });
  if (request.method === 'HEAD' || info.size === 0) return void response.end();
  const body = createReadStream(path, { start, end, highWaterMark: PIECE });
  if (bytesPerSecond === undefined) return void body.pipe(response);
  for await (const piece of body) {
    if (response.destroyed) break;
    response.write(piece);
    await new Promise((resolve) => setTimeout(resolve, (piece.length / bytesPerSecond) * 1000));
  }
  response.end();
}

function fileOf(folder, base, pathname) {
  if (!pathname.startsWith(base)) return undefined;
  let below;
  try {
    below = decodeURIComponent(pathname.slice(base.length));
  } catch {
    return undefined;
  }
  const root = resolvePath(folder);
  const path = join(root, below === '' || below.endsWith('/') ? `${below}index.html` : below);
  return path.startsWith(root + sep) && !below.includes('\0') ? path : undefined;
}
