// The worker of the page: it opens the model, and continues a text until another one comes.

import { openDevice } from 'unrolled';
import { generate, LanguageModel } from 'unrolled/tasks/language-model';
import { leaveOutUnknown } from 'unrolled/tokenizers';
import { breathe } from 'unrolled/train';

let model: LanguageModel | null = null;
let newest = 0;

self.onmessage = async ({ data }: MessageEvent<{ file: string } | { ask: number; prompt: string }>) => {
  if ('file' in data) return open(data.file);
  newest = data.ask;
  if (!model) return;
  // A character that it has never seen is passed over.
  const { text: prompt } = leaveOutUnknown(model.tokenizer, data.prompt);
  for await (const piece of generate(model, { prompt, length: 400, temperature: 0.6, seed: data.ask })) {
    if (newest !== data.ask) return;
    self.postMessage({ ask: data.ask, piece });
    await breathe();
  }
};

async function open(file: string): Promise<void> {
  try {
    const response = await fetch(file);
    if (!response.ok) throw new Error(`there is none at ${file}`);
    model = LanguageModel.load(await openDevice('wasm', { threads: 1 }), await response.arrayBuffer());
    self.postMessage({ told: `A network of ${model.parameters.size.toLocaleString()} numbers, in this page.` });
  } catch (error) {
    self.postMessage({ told: `The model cannot be opened: ${(error as Error).message}` });
  }
}
