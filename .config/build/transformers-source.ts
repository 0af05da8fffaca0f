import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const require = createRequire(import.meta.url);
const NAME = '@huggingface/transformers';
const ROOT = dirname(dirname(require.resolve(NAME)));
const SOURCE = join(ROOT, 'src', 'transformers.js');
const NOTHING = '\0nothing-of-node';

/**
 * Bundles transformers.js from its own sources instead of its one large file, so that only tokenizers and sampling come
 * along (150 kB of 490). Its ONNX Runtime is left out, since sessions are Strata's own: what it imports of it is the part
 * that both builds share. For the browser only; Node has the package as it is.
 */
export function transformersSource(): Plugin {
  return {
    name: 'strata-transformers-source',
    enforce: 'pre',
    async resolveId(id, importer, options) {
      if (this.environment.config.consumer !== 'client') return undefined;
      if (id === NAME) return { id: SOURCE, moduleSideEffects: false };
      if (!importer?.startsWith(ROOT)) return undefined;
      // The library asks whether these are empty, as in its own build for the web.
      if (id.startsWith('node:') || id === './onnx-node.js') return NOTHING;
      const wanted = id === 'onnxruntime-web/webgpu' ? 'onnxruntime-common' : id;
      const resolved = await this.resolve(wanted, importer, { ...options, skipSelf: true });
      return resolved && { ...resolved, moduleSideEffects: false };
    },
    load(id) {
      return id === NOTHING ? 'export default {}; export const Readable = {}, pipeline = {};' : undefined;
    },
  };
}
