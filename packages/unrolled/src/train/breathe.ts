/**
 * Yields to the event loop once: signals, messages, drawing. A resolved promise would not do: it comes before
 * all of these. Timers would, but take 1 ms in Node and 4 ms in a page.
 */
export function breathe(): Promise<void> {
  const immediate = (globalThis as { setImmediate?: (callback: () => void) => void }).setImmediate;
  if (immediate) return new Promise((resolve) => immediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
