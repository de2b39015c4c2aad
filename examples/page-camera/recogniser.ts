// The worker of the page: it opens the model, and names what is in a frame or a file. One answer to each message.

import { openDevice } from 'unrolled';
import { imageOf, openImage } from 'unrolled/images';
import { ImageClassifier } from 'unrolled/tasks/classify-images';

type Seen = { readonly frame: ImageBitmap } | { readonly file: File };

let classifier: ImageClassifier | null = null;

self.onmessage = async ({ data }: MessageEvent<{ model: string } | Seen>) => {
  try {
    self.postMessage('model' in data ? await open(data.model) : await recognise(data));
  } catch (error) {
    const { message } = error as Error;
    self.postMessage({ told: classifier ? message : `The model cannot be opened: ${message}` });
  }
};

async function open(url: string): Promise<object> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`there is none at ${url}`);
  classifier = ImageClassifier.load(await openDevice('wasm', { threads: 1 }), await response.arrayBuffer());
  const [numbers, labels] = [classifier.parameters.size.toLocaleString('en'), classifier.labels.length];
  return { opened: true, told: `A network of ${numbers} numbers that knows ${labels} labels, in this page.` };
}

async function recognise(seen: Seen): Promise<object> {
  const begun = performance.now();
  const image = 'frame' in seen ? imageOf(seen.frame) : await openImage(seen.file);
  if ('frame' in seen) seen.frame.close();
  const [{ probabilities }] = await classifier!.predict([image]);
  return { labels: probabilities.slice(0, 3), ms: performance.now() - begun, told: '' };
}
