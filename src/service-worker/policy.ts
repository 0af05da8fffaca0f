/**
 * Content Security Policies, stated once: the page's goes into index.html when building, the worker's onto the
 * response that carries the worker's script (a page's meta policy does not reach a worker).
 */

/** The hub and the hosts it redirects downloads to. */
const HUB_HOSTS = 'https://huggingface.co https://*.huggingface.co https://*.hf.co';

function policy(directives: Readonly<Record<string, string>>): string {
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}

export const PAGE_POLICY = policy({
  'default-src': "'none'",
  'script-src': "'self'",
  'worker-src': "'self'",
  'style-src': "'self'",
  // Markup that Svelte clones may carry style attributes; style elements stay forbidden.
  'style-src-attr': "'unsafe-inline'",
  'img-src': "'self' data: blob:",
  'font-src': "'self'",
  'connect-src': `'self' ${HUB_HOSTS}`,
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'require-trusted-types-for': "'script'",
  'trusted-types': 'svelte-trusted-html default',
});

export const WORKER_POLICY = policy({
  'default-src': "'none'",
  // Enough for every build of ONNX Runtime; no other evaluation of text.
  'script-src': "'self' 'wasm-unsafe-eval'",
  'worker-src': "'self'",
  'connect-src': `'self' ${HUB_HOSTS}`,
});
