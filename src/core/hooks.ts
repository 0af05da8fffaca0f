/**
 * Hook names are TransformerLens's classic ones. Batch is dropped from every shape.
 *
 * | hook | shape |
 * |---|---|
 * | `hook_embed`, `blocks.{L}.hook_resid_pre/_attn_out/_resid_mid/_mlp_out/_resid_post`, `ln_final.hook_normalized` | `[pos, d_model]` |
 * | `blocks.{L}.attn.hook_q/_z` | `[pos, head, d_head]` |
 * | `blocks.{L}.attn.hook_k/_v` | `[pos, kv_head, d_head]` |
 * | `blocks.{L}.attn.hook_attn_scores/_pattern` | `[head, dest, src]` |
 * | `blocks.{L}.mlp.hook_pre/_post` | `[pos, d_mlp]` |
 * | `logits` | `[pos, d_vocab]` |
 * | `logit_lens` | `[n_layers + 1, pos, d_vocab]` |
 *
 * `mlp.hook_pre` is what enters the activation function and `mlp.hook_post` what the output projection reads. In a gated MLP
 * that is the gate alone, `x · W_gate + b_gate`, and `act(hook_pre) · (x · W_in + b_in)`, as in TransformerLens. Where there
 * is no one set of neurons (a mixture of experts) a layer has neither; `hook_mlp_out` it has. `hook_attn_out` and
 * `hook_mlp_out` are what is added to the stream: after a post-norm and after a factor. `attn.hook_z` is pattern · v, before a
 * gate or a norm that stands between it and the output projection; queries, keys and values are after a clip.
 */
export const BLOCK_HOOKS = [
  'hook_resid_pre',
  'attn.hook_q',
  'attn.hook_k',
  'attn.hook_v',
  'attn.hook_attn_scores',
  'attn.hook_pattern',
  'attn.hook_z',
  'hook_attn_out',
  'hook_resid_mid',
  'mlp.hook_pre',
  'mlp.hook_post',
  'hook_mlp_out',
  'hook_resid_post',
] as const;

export const GLOBAL_HOOKS = ['hook_embed', 'ln_final.hook_normalized', 'logits', 'logit_lens'] as const;

export type BlockHook = (typeof BLOCK_HOOKS)[number];
export type GlobalHook = (typeof GLOBAL_HOOKS)[number];
/** A full hook name, e.g. `blocks.3.attn.hook_pattern` or `logits`. */
export type HookName = `blocks.${number}.${BlockHook}` | GlobalHook;

export function blockHook(layer: number, hook: BlockHook): HookName {
  return `blocks.${layer}.${hook}`;
}

export type ParsedHook =
  | { readonly kind: 'block'; readonly layer: number; readonly hook: BlockHook }
  | { readonly kind: 'global'; readonly hook: GlobalHook };

/** Parses a full hook name; undefined when it is not one. */
export function parseHook(name: string): ParsedHook | undefined {
  if ((GLOBAL_HOOKS as readonly string[]).includes(name)) return { kind: 'global', hook: name as GlobalHook };
  const match = /^blocks\.(0|[1-9]\d{0,4})\.(.+)$/.exec(name);
  const hook = match?.[2];
  if (!match || !hook || !(BLOCK_HOOKS as readonly string[]).includes(hook)) return undefined;
  return { kind: 'block', layer: Number(match[1]), hook: hook as BlockHook };
}

/**
 * Expands a comma-separated capture list with `*` (e.g. `blocks.*.hook_resid_post,logits`) against the
 * hooks a model has. Returns the names in the model's order and the patterns that matched nothing.
 */
export function expandHooks(
  patterns: string,
  available: readonly HookName[],
): { readonly hooks: HookName[]; readonly unmatched: string[] } {
  const wanted = new Set<HookName>();
  const unmatched: string[] = [];
  for (const pattern of patterns
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)) {
    const source = pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^.]*');
    const expression = new RegExp(`^${source}$`);
    const matches = available.filter((name) => expression.test(name));
    if (matches.length === 0) unmatched.push(pattern);
    for (const name of matches) wanted.add(name);
  }
  return { hooks: available.filter((name) => wanted.has(name)), unmatched };
}
