import { lexer } from 'marked';
import { render } from 'svelte/server';
import { describe, expect, it } from 'vitest';
import HelpText from './HelpText.svelte';

/** The elements a help page becomes, without what only the compiler adds. */
function shown(source: string): string {
  const { body } = render(HelpText, { props: { tokens: lexer(source) } });
  return body
    .replace(/<!--.*?-->/g, '')
    .replace(/ class="svelte-\w+"/g, '')
    .trim();
}

describe('help pages', () => {
  it('become headings, paragraphs, lists and code', () => {
    const source = '## Title\n\nTwo\nlines.\n\n- one\n- two\n  goes on\n\n```\na = b\n\nc\n```\n\nEnd.';
    expect(shown(source)).toBe(
      '<h3>Title</h3><p>Two\nlines.</p><ul><li>one</li><li>two\ngoes on</li></ul><pre>a = b\n\nc</pre><p>End.</p>',
    );
  });

  it('know the few marks inside a line', () => {
    expect(shown('a `b*c*` *d* **e** [f](https://example.org/g) h_(l−1)')).toBe(
      '<p>a <code>b*c*</code> <em>d</em> <strong>e</strong> ' +
        '<a href="https://example.org/g" target="_blank" rel="noreferrer">f</a> h_(l−1)</p>',
    );
  });

  it('leave markup and other addresses as text', () => {
    const hostile = 'x <img src=x onerror=alert(1)> [x](javascript:alert(1)) ![y](https://example.org/z.png)';
    expect(shown(hostile)).toBe(`<p>${hostile.replaceAll('<', '&lt;')}</p>`);
    expect(shown('<script>alert(1)</script>\n\nA < B & C')).toBe(
      '<p>&lt;script>alert(1)&lt;/script></p><p>A &lt; B &amp; C</p>',
    );
  });
});
