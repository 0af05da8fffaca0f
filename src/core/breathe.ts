/**
 * Lets waiting messages in, e.g. a cancel. A message to oneself comes after those that already wait, and unlike a
 * timer it is not held back for milliseconds.
 */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
