/**
 * Gives the thread to waiting messages and comes back: a message to oneself queues behind them. Timers would be
 * held back to 4 ms each.
 */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
