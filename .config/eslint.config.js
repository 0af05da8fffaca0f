import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import { layers } from './lint/layers.js';

export default ts.config(
  {
    ignores: [
      'dist/',
      'node_modules/',
      'test-results/',
      'playwright-report/',
      'training/',
      'public/',
      '.cache/',
      'coverage/',
    ],
  },
  js.configs.recommended,
  ts.configs.strict,
  svelte.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: 'module' },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { strata: { rules: { layers } } },
    rules: {
      'strata/layers': 'error',
      eqeqeq: 'error',
      'no-console': ['error', { allow: ['warn', 'error'] }],
      'no-eval': 'error',
      'no-new-func': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Index access in loops over checked lengths reads better than a guard that cannot fire.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser }, globals: globals.browser },
    rules: {
      'svelte/no-at-html-tags': 'error',
      // A Map or URL made and used in one function needs no reactivity; state is replaced, never mutated.
      'svelte/prefer-svelte-reactivity': 'off',
      // svelte-check runs with warnings as errors and knows which are real.
      'svelte/no-unused-svelte-ignore': 'off',
      // The TypeScript compiler checks names, and knows the runes.
      'no-undef': 'off',
    },
  },
  { files: ['**/*.ts'], rules: { 'no-undef': 'off' } },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { ...globals.node, document: 'readonly', HTMLElement: 'readonly' } },
  },
  // A probe that has nothing to show on the way is a generator without a yield.
  { files: ['{src,tests/fixtures}/probes/*/run.ts'], rules: { 'require-yield': 'off' } },
  { files: ['tests/**', '.config/build/**', 'src/cli/**'], rules: { 'no-console': 'off' } },
);
