import { describe, expect, it } from 'vitest';
import { parseInline, parseMarkdown } from './markdown';

describe('help pages', () => {
  it('become headings, paragraphs, lists and code', () => {
    const source = '# Title\n\nTwo\nlines.\n\n- one\n- two\n  goes on\n\n```\na = b\n\nc\n```\n\nEnd.';
    expect(parseMarkdown(source)).toEqual([
      { kind: 'heading', inlines: [{ kind: 'text', text: 'Title' }] },
      { kind: 'paragraph', inlines: [{ kind: 'text', text: 'Two lines.' }] },
      { kind: 'list', items: [[{ kind: 'text', text: 'one' }], [{ kind: 'text', text: 'two goes on' }]] },
      { kind: 'code', text: 'a = b\n\nc' },
      { kind: 'paragraph', inlines: [{ kind: 'text', text: 'End.' }] },
    ]);
  });

  it('know the few marks inside a line', () => {
    expect(parseInline('a `b*c*` *d* **e** [f](https://example.org/g)')).toEqual([
      { kind: 'text', text: 'a ' },
      { kind: 'code', text: 'b*c*' },
      { kind: 'text', text: ' ' },
      { kind: 'em', text: 'd' },
      { kind: 'text', text: ' ' },
      { kind: 'strong', text: 'e' },
      { kind: 'text', text: ' ' },
      { kind: 'link', text: 'f', href: 'https://example.org/g' },
    ]);
  });

  it('leave markup and other addresses as text', () => {
    const hostile = '<img src=x onerror=alert(1)> [x](javascript:alert(1))';
    expect(parseMarkdown(hostile)).toEqual([{ kind: 'paragraph', inlines: [{ kind: 'text', text: hostile }] }]);
  });
});
