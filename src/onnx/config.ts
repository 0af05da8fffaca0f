/** A positive whole number under the first of several names a config.json may use; nested `text_config` counts. */
export function configNumber(
  config: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): number | undefined {
  for (const name of names) {
    const value = config[name];
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  }
  const nested = config['text_config'];
  if (typeof nested === 'object' && nested !== null && !Array.isArray(nested)) {
    return configNumber(nested as Record<string, unknown>, ...names);
  }
  return undefined;
}
