/**
 * Trains on the files of a folder, as a program of its own with a small heap, and writes the last checkpoint.
 * node train.ts FOLDER STEPS OUT [CHECKPOINT]
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openDevice } from 'unrolled';
import type { ExampleSource } from 'unrolled/data';
import { type Context, initialiseParameters, Linear, squaredErrorLoss } from 'unrolled/nn';
import { decodeCheckpoint, encodeCheckpoint, SupervisedTraining, train } from 'unrolled/train';

interface Recording {
  readonly samples: Float32Array;
  readonly level: number;
}

const [folder, steps, out, checkpoint] = process.argv.slice(2);
const listed = readFileSync(join(folder, 'files.json'));
const { files, samples } = JSON.parse(listed.toString()) as {
  readonly samples: number;
  /** With the hash of each file, from which the fingerprint of the run follows. */
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly level: number }[];
};

const recordings: ExampleSource<Recording> = {
  length: files.length,
  fingerprint: createHash('sha256').update(listed).digest('hex'),
  async read(index) {
    const { name, level } = files[index];
    const file = await open(join(folder, name));
    try {
      const content = new Float32Array(samples);
      await file.read(new Uint8Array(content.buffer));
      return { samples: content, level };
    } finally {
      await file.close();
    }
  },
};

const window = 1024;

/** Reads every sample. */
function sumOfWindows(content: Float32Array): Float32Array {
  const sum = new Float32Array(window);
  for (let i = 0; i < content.length; i++) sum[i % window] += content[i];
  return sum;
}

const device = await openDevice('wasm', { threads: 1 });
const layer = new Linear({ units: 1 });
const model = {
  parameters: initialiseParameters(layer, [-1, window], device, 3),
  loss(batch: readonly Recording[], _: Context) {
    const inputs = batch.flatMap((recording) => [...sumOfWindows(recording.samples)]);
    const levels = batch.map(({ level }) => level);
    const predicted = layer.apply(device.tensor(inputs, [batch.length, window]));
    return squaredErrorLoss(predicted, device.tensor(levels, [batch.length, 1]));
  },
  describe: () => ({ kind: 'level of a recording' }),
};

const task = new SupervisedTraining(model, recordings, { batch: 4, seed: 1, validate: async () => ({ loss: 0 }) });
const resume = checkpoint ? decodeCheckpoint(readFileSync(checkpoint)) : null;
const options = { optimizer: { method: 'momentum' }, learningRate: 1e-4, steps: Number(steps), resume } as const;
for await (const event of train(task, options)) {
  if (event.type !== 'checkpoint' || event.step !== Number(steps)) continue;
  // The clock is not part of what must be equal.
  const trainer = { ...event.checkpoint.trainer, secondsElapsed: 0 };
  writeFileSync(out, encodeCheckpoint({ ...event.checkpoint, trainer }));
}
console.log(JSON.stringify({ epoch: task.epoch, peakBytes: 1024 * process.resourceUsage().maxRSS }));
