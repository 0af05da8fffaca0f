import type { Plugin } from 'vite';
import { PAGE_POLICY } from '../../src/service-worker/policy.ts';

const CHARSET = '<meta charset="utf-8" />';

/** Puts the Content Security Policy into the built page. Development goes without: Vite injects styles and scripts. */
export function pagePolicy(): Plugin {
  return {
    name: 'strata-page-policy',
    apply: 'build',
    transformIndexHtml: {
      order: 'pre',
      handler(html) {
        if (!html.includes(CHARSET)) throw new Error(`index.html lacks ${CHARSET}, after which the policy belongs.`);
        return html.replace(
          CHARSET,
          `${CHARSET}\n    <meta http-equiv="Content-Security-Policy" content="${PAGE_POLICY}" />`,
        );
      },
    },
  };
}
