// npm run bench [-- page|rewrite|engine|memory …]: measures, prints, and writes tests/bench/results.md. Build first.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { findChromium } from '../chromium.mjs';
import { markdown, type Section } from './report';

const wanted = process.argv.slice(2);
const asked = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

const sections: Section[] = [];
if (asked('page')) {
  const chromium = await findChromium();
  if (chromium !== undefined) process.env['CHROMIUM_PATH'] = chromium;
  const { pageSection } = await import('./page');
  sections.push(await pageSection());
}

if (asked('rewrite')) {
  const { rewriteSection } = await import('./rewrite');
  sections.push(await rewriteSection());
}

if (asked('engine')) {
  const { engineSections } = await import('./engine');
  sections.push(...(await engineSections()));
}

if (asked('memory')) {
  const chromium = await findChromium();
  if (chromium !== undefined) process.env['CHROMIUM_PATH'] = chromium;
  const { memorySections } = await import('./memory');
  sections.push(...(await memorySections()));
}

const report = markdown(sections, new Date());
console.log(report);
if (wanted.length === 0) await writeFile(fileURLToPath(new URL('results.md', import.meta.url)), report);
