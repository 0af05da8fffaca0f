/** Parts that what servers and storage state of files has in common. */
import * as v from 'valibot';

/** A path below a folder, never above it. */
export const safePath = () =>
  v.pipe(
    v.string(),
    v.check((path) => !path.split('/').includes('..')),
  );

/** A length in bytes. */
export const fileSize = () => v.pipe(v.number(), v.safeInteger(), v.minValue(0));
