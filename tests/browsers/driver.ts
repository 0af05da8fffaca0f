import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** As much of a browser as the journey needs; elements are found by XPath, as both protocols can. */
export interface Driver {
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  click(xpath: string): Promise<void>;
  /** Puts a text in a field's place, key by key. */
  type(xpath: string, text: string): Promise<void>;
  /** What a JavaScript expression is on the page; a promise is waited for. The value must be plain data. */
  evaluate<T>(expression: string): Promise<T>;
  /** What stood in the console as an error since the browser started, as far as its protocol tells. */
  errors(): readonly string[];
  close(): Promise<void>;
}

/** Where a program lies on PATH; undefined where it is not installed. */
export function onPath(...names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
