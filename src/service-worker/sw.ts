import { PrecacheController } from 'workbox-precaching';
import type { PrecacheEntry } from 'workbox-precaching';
import { appFileKey } from '../core/stored-file';
import { WORKER_POLICY } from './policy';
import { storedResponse } from './stored-response';

declare const self: ServiceWorkerGlobalScope & { readonly __WB_MANIFEST: readonly (PrecacheEntry | string)[] };

/** Origins are shared by all pages of one account on a static host, scopes are not: the name says both. */
const shell = new PrecacheController({ cacheName: `strata-shell-v1:${new URL(self.registration.scope).pathname}` });
shell.addToCacheList([...self.__WB_MANIFEST]);

self.addEventListener('install', (event) => {
  event.waitUntil(shell.install(event));
});

self.addEventListener('activate', (event) => {
  // Firefox takes charge of a page's workers one by one, and threads of the runtime that sleep do not answer. Until
  // activation ends every request of the page waits, so it must not wait for them.
  event.waitUntil(shell.activate(event).then(() => void self.clients.claim()));
});

// A new version waits until the person asks for it.
self.addEventListener('message', (event) => {
  if ((event.data as { type?: unknown } | null)?.type === 'SKIP_WAITING') event.waitUntil(self.skipWaiting());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const scope = self.registration.scope;
  if (request.method !== 'GET' || !url.href.startsWith(scope)) return;
  // The downloader's own requests: it knows what is stored, and wants the network.
  if (request.cache === 'no-store') return;
  const path = url.pathname.slice(new URL(scope).pathname.length);
  const isPage = request.mode === 'navigate' && (path === '' || path === 'index.html');
  const cacheKey = shell.getCacheKeyForURL(isPage ? new URL('index.html', scope).href : url.origin + url.pathname);
  if (cacheKey !== undefined) event.respondWith(fromShell(cacheKey, request));
  else if (/^(models|runtime)\//.test(path)) event.respondWith(fromStorage(decodeURIComponent(path), request));
});

async function fromShell(cacheKey: string, request: Request): Promise<Response> {
  const cached = await caches.match(cacheKey, { cacheName: shell.strategy.cacheName });
  // The browser may have thrown the cache away to make room.
  return isolated(cached ?? (await fetch(request)), request);
}

async function fromStorage(path: string, request: Request): Promise<Response> {
  const stored = await storedResponse(appFileKey(path));
  return isolated(stored ?? (await fetch(request)), request);
}

/** The response with what gives the page threads, and with the worker's policy where it carries a worker's script. */
function isolated(response: Response, request: Request): Response {
  if (response.type === 'opaque' || response.type === 'error' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  if (request.destination === 'worker') headers.set('Content-Security-Policy', WORKER_POLICY);
  const hasBody = response.status !== 204 && response.status !== 304;
  return new Response(hasBody ? response.body : null, {
    status: response.status,
    statusText: response.statusText,
    headers,
  });
}
