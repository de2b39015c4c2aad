import type { NgramLadder } from 'unrolled/tasks/language-model';
import { WorkerClient } from '../../client.ts';

/** How well n-grams predict the training text; computed once a text, in a worker of its own. */
class Ladders {
  current = $state.raw<NgramLadder | null>(null);
  #text = '';

  async of(text: string): Promise<void> {
    if (text === this.#text) return;
    this.#text = text;
    this.current = null;
    const client = new WorkerClient();
    try {
      const ladder = await client.call('ladder', { text });
      if (text === this.#text) this.current = ladder;
    } catch {
      // Without it the chart has fewer lines; nothing else is missing.
    } finally {
      client.close();
    }
  }
}

export const ladders = new Ladders();
