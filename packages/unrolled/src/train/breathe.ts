import { type StopSignal, throwIfAborted } from '../signal.ts';

/**
 * Between two parts of long work: yields to the event loop once (signals, messages, drawing), then ends the work if its signal
 * is aborted. @throws the signal's reason
 */
export async function breathe(signal?: StopSignal | undefined): Promise<void> {
  await nextTurn();
  throwIfAborted(signal);
}

/** For work in many small parts: breathes when 20 ms have passed since it last did. @throws the signal's reason if it is aborted */
export function breather(signal?: StopSignal | undefined): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    throwIfAborted(signal);
    if (performance.now() - last <= 20) return undefined;
    return breathe(signal).then(() => {
      last = performance.now();
    });
  };
}

/**
 * A resolved promise would not do: it comes before all messages. Timers would, but take 1 ms in Node and 4 ms in a page.
 */
function nextTurn(): Promise<void> {
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
