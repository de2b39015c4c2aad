// The worker of the page: it opens the model, and names what is in a frame or a file, or, with a model of videos, what happens before
// the camera. One answer to each message.

import { openDevice } from 'unrolled';
import { imageOf, openImage } from 'unrolled/images';
import { ImageClassifier } from 'unrolled/tasks/classify-images';
import type { VideoStream } from 'unrolled/tasks/video';
import { decodeModel, taskOf } from 'unrolled/train';

type Seen = { readonly frame: ImageBitmap; readonly begins: boolean } | { readonly file: File };

let classifier: ImageClassifier | null = null;
/** What is kept of the camera's frames has the same size however long it runs. */
let stream: VideoStream | null = null;

self.onmessage = async ({ data }: MessageEvent<{ model: string } | Seen>) => {
  try {
    self.postMessage('model' in data ? await open(data.model) : await recognise(data));
  } catch (error) {
    const { message } = error as Error;
    self.postMessage({ told: classifier || stream ? message : `The model cannot be opened: ${message}` });
  }
};

async function open(url: string): Promise<object> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`there is none at ${url}`);
  const file = decodeModel(await response.arrayBuffer());
  const device = await openDevice('wasm', { threads: 1 });
  const { parameters, labels } = await load(file);
  const about = `A network of ${parameters.size.toLocaleString('en')} numbers that knows ${labels.length} labels, in this page.`;
  return { opened: true, video: stream !== null, told: about };

  async function load(model: typeof file) {
    if (taskOf(model) !== 'video') {
      classifier = ImageClassifier.load(device, model);
      return classifier;
    }
    const { VideoClassifier } = await import('unrolled/tasks/video');
    const actions = VideoClassifier.load(device, model);
    // What happens now counts more than what happened before.
    stream = actions.stream({ decay: 0.95 });
    return actions;
  }
}

async function recognise(seen: Seen): Promise<object> {
  const begun = performance.now();
  const image = 'frame' in seen ? imageOf(seen.frame) : await openImage(seen.file);
  if ('frame' in seen) {
    seen.frame.close();
    if (seen.begins) stream?.reset();
  }
  const { probabilities } = stream ? await stream.push({ frames: [image] }) : (await classifier!.predict([image]))[0];
  return { labels: probabilities.slice(0, 3), frames: stream?.frames, ms: performance.now() - begun, told: '' };
}
