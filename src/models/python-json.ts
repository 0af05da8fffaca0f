const NO_JSON = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
/** Larger than any double, so that it is read as Infinity. */
const ENDLESS: Readonly<Record<string, string>> = { Infinity: '1e999', '-Infinity': '-1e999', NaN: 'null' };

/**
 * Reads JSON as Python writes it: there numbers may also be NaN and ±Infinity, which JSON itself does not have. NaN
 * becomes null.
 * @throws SyntaxError
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const plain = text.replace(NO_JSON, (found) => ENDLESS[found] ?? found);
    if (plain === text) throw cause;
    return JSON.parse(plain);
  }
}
