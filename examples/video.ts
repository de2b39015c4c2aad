/**
 * What shapes do in generated videos: a network for frames and an LSTM learn it together, then a stream is read frame by frame.
 *
 *     node examples/video.ts
 */
import { openDevice } from 'unrolled';
import { frameNetwork, makeVideos, VideoClassifier, videoTraining } from 'unrolled/tasks/video';
import { train } from 'unrolled/train';

const size = 16;
const actions = ['enter', 'leave', 'orbit'] as const;
const examplesOf = (seed: number, count: number) =>
  makeVideos({ count, seed, size, length: [6, 8], actions }).map(({ frames, events: [{ action }] }) => ({
    clip: { frames },
    label: action,
  }));
const [examples, held] = [examplesOf(1, 240), examplesOf(2, 60)];

const device = await openDevice();
const model = new VideoClassifier(device, {
  config: {
    ...{ cell: 'lstm', hidden: 24, layers: 1, dropout: 0 },
    input: {
      kind: 'frames',
      network: frameNetwork({ features: 24, channels: 4 }),
      preprocessing: { size, mean: [0.1, 0.1, 0.1], std: [0.3, 0.3, 0.3] },
    },
  },
  labels: actions,
});
const task = await videoTraining(model, examples, { validation: held, batch: 16, seed: 1 });
for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 4e-3, clipNorm: 1, epochs: 8 })) {
  if (event.type === 'validation')
    console.log(`step ${event.step}: ${(100 * event.metrics!.accuracy).toFixed(0)}% right`);
}

const stream = model.stream();
const [{ clip, label }] = held;
for (const frame of clip.frames) {
  const { label: found, probability } = await stream.push({ frames: [frame] });
  console.log(`frame ${stream.frames}: ${found} (${(100 * probability).toFixed(0)}%)`);
}
console.log(`it is: ${label}`);
device.close();
