import { dirname, join, posix, relative, sep } from 'node:path';

/**
 * Who may import whom (ARCHITECTURE.md, "Layers"). A place may always import its own files.
 * `reason` ends the sentence a broken rule prints.
 */
export const LAYERS = {
  core: { may: [], reason: 'core is pure and knows nothing of the rest' },
  onnx: { may: ['core'], reason: 'onnx is pure bytes' },
  models: {
    may: ['core', 'onnx'],
    reason: 'models only fetches and keeps bytes, and asks a graph which files it needs',
  },
  engine: { may: ['core', 'onnx', 'models'], reason: 'the engine runs a model and knows no probe and no page' },
  'probe-meta': {
    may: ['core'],
    reason: 'a probe describes itself in terms of core, so page and worker can both read it',
  },
  'probe-run': { may: ['core', 'own probe-meta'], reason: 'a run is pure but for the lab it is handed' },
  'probe-view': {
    may: ['core', 'views', 'own probe-meta'],
    reason: 'a figure draws a result; result types belong in meta.ts',
  },
  worker: { may: ['core', 'models', 'engine', 'probe-meta', 'probe-run'], reason: 'the worker has no page' },
  client: { may: ['core'], reason: 'client only carries messages between page and worker' },
  views: { may: ['core'], reason: 'pictures know nothing of models, state or the app' },
  state: { may: ['core', 'client'], reason: 'state reaches models only through client' },
  app: {
    may: ['core', 'models', 'probe-meta', 'probe-view', 'client', 'views', 'state'],
    reason: 'what runs a model lives in the worker, reached through client',
  },
  cli: {
    may: ['core', 'models', 'engine', 'onnx', 'probe-meta', 'probe-run', 'worker'],
    reason: 'the command line has no page',
  },
  'service-worker': { may: ['core'], reason: 'the service worker must start without the app' },
  main: { may: ['app', 'client', 'state'], reason: 'main.ts only mounts the app and registers the service worker' },
};

/** The layer of a path below src/ (with forward slashes), with the probe's id where it has one. */
export function layerOf(path) {
  const [first = '', second, ...rest] = path.split('/');
  if (first === 'probes' && second !== undefined) {
    const file = rest.join('/');
    const kind = /^meta(\.ts)?$/.test(file)
      ? 'probe-meta'
      : /\.svelte$|^(view|words)\/|^figure(\.ts)?$/.test(file)
        ? 'probe-view'
        : 'probe-run';
    return { layer: kind, probe: second };
  }
  if (/^main(\.ts)?$/.test(first)) return { layer: 'main' };
  return second === undefined ? undefined : { layer: first };
}

function allowed(from, to) {
  if (from.layer === to.layer && from.probe === to.probe) return true;
  const rule = LAYERS[from.layer];
  if (from.probe !== undefined && from.probe === to.probe) return rule.may.includes(`own ${to.layer}`);
  return rule.may.includes(to.layer);
}

function place({ layer, probe }) {
  return probe === undefined ? layer : `${layer} (${probe})`;
}

/** Holds every import of our own files to {@link LAYERS}. Tests may import what they test and its neighbours. */
export const layers = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      forbidden: '{{from}} must not import {{to}}: {{reason}}. Allowed: {{may}}.',
      unknown:
        'src/{{folder}}/ is not a layer. Put the file where it is used, or add the layer to .config/lint/layers.js.',
      alias: 'Import our own files by relative path, so that the layers can be checked.',
    },
  },
  create(context) {
    const source = join(context.cwd, 'src');
    const path = relative(source, context.filename).split(sep).join('/');
    if (path.startsWith('..') || /\.test\.ts$/.test(path) || /\.d\.ts$/.test(path)) return {};
    const from = layerOf(path);

    function check(node, specifier) {
      if (typeof specifier !== 'string' || from === undefined) return;
      if (/^\/?src\//.test(specifier)) return context.report({ node, messageId: 'alias' });
      if (!specifier.startsWith('.')) return;
      const target = posix.normalize(posix.join(dirname(path).split(sep).join('/'), specifier.replace(/\?.*$/, '')));
      const to = target.startsWith('..') ? undefined : layerOf(target);
      if (to === undefined || allowed(from, to)) return;
      const rule = LAYERS[from.layer];
      context.report({
        node,
        messageId: 'forbidden',
        data: { from: place(from), to: place(to), reason: rule.reason, may: rule.may.join(', ') || 'nothing of ours' },
      });
    }

    return {
      Program(node) {
        if (from !== undefined && !(from.layer in LAYERS)) {
          context.report({ node, messageId: 'unknown', data: { folder: from.layer } });
        }
      },
      ImportDeclaration: (node) => check(node.source, node.source.value),
      ExportNamedDeclaration: (node) => node.source && check(node.source, node.source.value),
      ExportAllDeclaration: (node) => check(node.source, node.source.value),
      ImportExpression: (node) => check(node.source, node.source.value),
      TSImportType: (node) => check(node, node.source?.value ?? node.argument?.literal?.value),
    };
  },
};
