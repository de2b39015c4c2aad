/**
 * What each reading of a video can tell apart: actions of generated shapes, and pairs of clips that differ only in the order of
 * their frames ('red follows blue', 'blue follows red').
 *
 *     node tools/video-order.ts [seeds such as 1,2,3]
 */
import { openDevice } from 'unrolled';
import {
  evaluateVideoClassifier,
  frameNetwork,
  type LabelledClip,
  makeOrderPairs,
  makeVideos,
  readings,
  VideoClassifier,
  videoTraining,
} from 'unrolled/tasks/video';
import { train } from 'unrolled/train';

const seeds = (process.argv[2] ?? '1,2,3').split(',').map(Number);
const size = 16;
const actions = (count: number, seed: number): LabelledClip[] =>
  makeVideos({ count, seed, size }).map(({ frames, events: [{ action }] }) => ({ clip: { frames }, label: action }));
const pairs = (count: number, seed: number): LabelledClip[] =>
  makeOrderPairs({ count, seed, size }).map(({ frames, label }) => ({ clip: { frames }, label }));
const kinds = {
  'six actions': { examples: actions(400, 1), held: actions(200, 2) },
  'who follows': { examples: pairs(200, 3), held: pairs(100, 4) },
};

const device = await openDevice('wasm', { threads: 1 });
for (const [name, { examples, held }] of Object.entries(kinds)) {
  for (const reading of readings) {
    const found: number[] = [];
    for (const seed of seeds) {
      const config = {
        ...{ cell: 'lstm', hidden: 32, layers: 1, dropout: 0, reading },
        input: {
          kind: 'frames',
          network: frameNetwork({ features: 32, channels: 8 }),
          preprocessing: { size, mean: [0.1, 0.1, 0.1], std: [0.3, 0.3, 0.3] },
        },
      } as const;
      const labels = [...new Set(examples.map(({ label }) => label))].sort();
      const model = new VideoClassifier(device, { config, labels }, seed);
      const task = await videoTraining(model, examples, { batch: 16, seed });
      const options = {
        optimizer: { method: 'adam' },
        learningRate: 3e-3,
        schedule: 'cosine',
        clipNorm: 1,
        epochs: 10,
      } as const;
      for await (const _ of train(task, { ...options, sampleEvery: 0 }));
      found.push((await evaluateVideoClassifier(model, held)).accuracy);
    }
    const shown = found.map((share) => (100 * share).toFixed(1)).join(', ');
    console.log(`${name}\t${reading}\t${shown}`);
  }
}
device.close();
