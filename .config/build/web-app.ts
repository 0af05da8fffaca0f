import type { Plugin } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

/**
 * Manifest and service worker. Only the shell is precached, because that is all or nothing: the runtime and the
 * models come through our own downloader, which resumes.
 */
export function webApp(): Plugin[] {
  return VitePWA({
    strategies: 'injectManifest',
    srcDir: 'src/service-worker',
    filename: 'sw.ts',
    injectRegister: null,
    includeManifestIcons: false,
    injectManifest: {
      globPatterns: ['**/*.{js,mjs,css,html,svg,png}', '{models,runtime}/**/{files,checkpoints}.json'],
      globIgnores: ['sw.js', 'screenshots/**', 'models/**/*.{png,svg,html}'],
      minify: true,
    },
    manifest: {
      id: './',
      name: 'Strata',
      short_name: 'Strata',
      description: 'Look inside a language model while it recalls a fact.',
      lang: 'en',
      dir: 'ltr',
      start_url: './',
      scope: './',
      display: 'standalone',
      background_color: '#f8f7f3',
      theme_color: '#143f66',
      categories: ['education', 'science'],
      screenshots: [
        {
          src: 'screenshots/wide.png',
          sizes: '1280x800',
          type: 'image/png',
          form_factor: 'wide',
          label: 'A probed fact',
        },
        {
          src: 'screenshots/narrow.png',
          sizes: '780x1688',
          type: 'image/png',
          form_factor: 'narrow',
          label: 'A probed fact on a phone',
        },
      ],
      icons: [
        { src: 'icons/strata.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
        { src: 'icons/strata-192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
        { src: 'icons/strata-512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
        { src: 'icons/strata-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
      ],
    },
  });
}
