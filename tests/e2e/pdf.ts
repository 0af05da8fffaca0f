import { inflateSync } from 'node:zlib';

/** What stands on one page of a PDF: runs of text, and areas filled with a colour. */
export interface PdfPage {
  readonly texts: number;
  readonly fills: number;
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** The pages of a PDF as Chromium writes it, in their order. */
export function pdfPages(bytes: Buffer): PdfPage[] {
  const file = bytes.toString('latin1');
  const objects = new Map([...file.matchAll(/(\d+) 0 obj\s([\s\S]*?)\sendobj/g)].map(([, id, body]) => [id!, body!]));
  const streamOf = (id: string): string => {
    const [, head = '', data] = /^([\s\S]*?)stream\r?\n([\s\S]*?)\r?\nendstream/.exec(objects.get(id) ?? '') ?? [];
    if (data === undefined) throw new Error(`Object ${id} of the PDF has no stream.`);
    return head.includes('/FlateDecode') ? inflateSync(Buffer.from(data, 'latin1')).toString('latin1') : data;
  };
  return [...objects.values()]
    .filter((body) => /\/Type\s*\/Page\b/.test(body))
    .map((body) => [...body.matchAll(/\/Contents (\d+) 0 R/g)].map(([, id]) => streamOf(id!)).join('\n'))
    .map((drawn) => ({ texts: count(drawn, /\bT[jJ]\b/g), fills: count(drawn, /(^|\s)f\*?(?=\s|$)/g) }));
}
