import { defineConfig } from 'vitest/config';

/** The main journey in browsers that Playwright does not drive, one after the other; the site is built before. */
export default defineConfig({
  test: {
    include: ['tests/browsers/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
  },
});
