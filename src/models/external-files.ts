/** By location: what the graph calls a file of weights beside it, and that file's path. */
export type ExternalFiles = ReadonlyMap<string, string>;

/** Files that hold no weights, by their names. */
const NO_WEIGHTS = /\.(onnx|json|jinja|txt|md|model|py|png|jpe?g|gitattributes|gitignore|lock)$|(^|\/)LICENSE$/i;

/** Whether files beside a graph may hold weights of it: only then is the graph asked. */
export function mayHaveExternal(graph: string, paths: Iterable<string>): boolean {
  const folder = folderOf(graph);
  return [...paths].some((path) => path.startsWith(folder) && !NO_WEIGHTS.test(path));
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/**
 * The files of weights that a graph names itself, looked for in its folder. What is not there is left out: whoever runs
 * the graph says so, by its name.
 * @param graph Its path. @param bytes The graph. @param paths Every file there is.
 * @throws StrataError `malformed-model`.
 */
export async function externalFiles(graph: string, bytes: Uint8Array, paths: Iterable<string>): Promise<ExternalFiles> {
  const all = new Set(paths);
  if (!mayHaveExternal(graph, all)) return new Map();
  // Reading graphs is no part of the page's first script.
  const { externalLocations } = await import('../onnx/external-locations');
  const folder = folderOf(graph);
  const found = new Map<string, string>();
  for (const location of externalLocations(bytes)) {
    // A way that leads elsewhere was true on another machine; the file's own name still is.
    const places = [folder + location, folder + (location.split(/[\\/]/).pop() ?? location)];
    const path = places.find((place) => all.has(place));
    if (path !== undefined) found.set(location, path);
  }
  return found;
}
