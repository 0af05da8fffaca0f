/**
 * The little Markdown our help pages use, as data: headings, paragraphs, lists, fenced code, and inside a line
 * `code`, *emphasis*, **strong** and links. Anything else stays text; markup never becomes markup.
 */
export type Inline =
  | { readonly kind: 'text' | 'code' | 'em' | 'strong'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string };

export type Block =
  | { readonly kind: 'heading'; readonly inlines: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly inlines: readonly Inline[] }
  | { readonly kind: 'list'; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: 'code'; readonly text: string };

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\((https:\/\/[^\s)]+)\)/g;

export function parseInline(line: string): Inline[] {
  const out: Inline[] = [];
  let end = 0;
  for (const match of line.matchAll(INLINE)) {
    if (match.index > end) out.push({ kind: 'text', text: line.slice(end, match.index) });
    end = match.index + match[0].length;
    const [, code, strong, em, text, href] = match;
    if (code !== undefined) out.push({ kind: 'code', text: code });
    else if (strong !== undefined) out.push({ kind: 'strong', text: strong });
    else if (em !== undefined) out.push({ kind: 'em', text: em });
    else out.push({ kind: 'link', text: text!, href: href! });
  }
  if (end < line.length) out.push({ kind: 'text', text: line.slice(end) });
  return out;
}

function parseBlock(block: string): Block {
  const lines = block.split('\n');
  const heading = /^#{1,3} (.+)$/.exec(block);
  if (heading && lines.length === 1) return { kind: 'heading', inlines: parseInline(heading[1]!) };
  if (lines.every((line) => /^(- |\s{2,})/.test(line)) && lines[0]!.startsWith('- ')) {
    const items = block.split(/\n(?=- )/).map((item) => item.slice(2).replace(/\n\s+/g, ' '));
    return { kind: 'list', items: items.map(parseInline) };
  }
  return { kind: 'paragraph', inlines: parseInline(lines.join(' ')) };
}

export function parseMarkdown(source: string): Block[] {
  const fences = source.replaceAll('\r\n', '\n').split(/^```.*$/m);
  return fences.flatMap((part, index): Block[] => {
    if (index % 2 === 1) return [{ kind: 'code', text: part.replace(/^\n|\n$/g, '') }];
    return part
      .split(/\n{2,}/)
      .map((block) => block.trim())
      .filter((block) => block !== '')
      .map(parseBlock);
  });
}
