import type { ModelFiles } from '../../core/model';

/**
 * Tokens that end what a model writes: generation_config.json's list where it has one, as in transformers, which asks
 * config.json only without it.
 */
export function endTokenIds({ config, generation }: Pick<ModelFiles, 'config' | 'generation'>): number[] {
  return idsOf(generation?.['eos_token_id']) ?? idsOf(config['eos_token_id']) ?? [];
}

function idsOf(value: unknown): number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0);
}
