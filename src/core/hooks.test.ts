import { describe, expect, it } from 'vitest';
import { blockHook, expandHooks, parseHook, type HookName } from './hooks';

describe('hook names', () => {
  it('reads block and global hooks and nothing else', () => {
    expect(parseHook('blocks.11.attn.hook_pattern')).toEqual({ kind: 'block', layer: 11, hook: 'attn.hook_pattern' });
    expect(parseHook('logits')).toEqual({ kind: 'global', hook: 'logits' });
    for (const name of [
      'blocks.01.hook_resid_post',
      'blocks.-1.hook_resid_post',
      'blocks.1.hook_x',
      'Logits',
      '',
      'blocks.1.',
    ]) {
      expect(parseHook(name), name).toBeUndefined();
    }
  });

  it('expands stars against the hooks a model has and names what matches nothing', () => {
    const available: HookName[] = [
      'hook_embed',
      blockHook(0, 'attn.hook_pattern'),
      blockHook(0, 'hook_resid_post'),
      blockHook(1, 'hook_resid_post'),
      'logits',
    ];
    expect(expandHooks('logits, blocks.*.hook_resid_post,blocks.*.hook_resid_mid', available)).toEqual({
      hooks: [blockHook(0, 'hook_resid_post'), blockHook(1, 'hook_resid_post'), 'logits'],
      unmatched: ['blocks.*.hook_resid_mid'],
    });
    expect(expandHooks('blocks.*.attn.hook_pattern', available).hooks).toEqual([blockHook(0, 'attn.hook_pattern')]);
  });

  it('treats regular-expression characters in a pattern as text', () => {
    expect(expandHooks('(a+)+$', ['logits']).unmatched).toEqual(['(a+)+$']);
    expect(expandHooks('.*', ['logits']).hooks).toEqual([]);
  });
});
