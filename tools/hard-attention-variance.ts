/**
 * The variance of the gradient that hard attention learns from, with and without the moving baseline: the same batch of images with
 * captions, many draws of where to look. The gradient is that of the parameters of attention.
 *
 *     node tools/hard-attention-variance.ts runs/hard Flickr8k/Images Flickr8k/captions.txt [draws] [batch] [--untrained]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gradients, openDevice, Random } from 'unrolled';
import { padSequences } from 'unrolled/data';
import { sequenceLoss } from 'unrolled/nn';
import { Captioner } from 'unrolled/tasks/caption';
import { parseCaptions } from '../packages/cli/src/input/captions.ts';
import { readImage } from '../packages/cli/src/input/images.ts';

const untrained = process.argv.includes('--untrained');
const [run, folder, file, draws = '200', batch = '32'] = process.argv.slice(2).filter((one) => one !== '--untrained');
if (file === undefined)
  throw new Error('node tools/hard-attention-variance.ts RUN IMAGES CAPTIONS [draws] [batch] [--untrained]');

const device = await openDevice('wasm', { threads: 1 });
const trained = Captioner.load(device, readFileSync(join(run, 'checkpoints', 'best.safetensors')));
const features = Object.fromEntries(
  Object.entries(await trained.parameters.save()).filter(([name]) => name.startsWith('backbone.')),
);
const model = untrained ? Captioner.from(device, trained.describe(), undefined, 1) : trained;
if (untrained)
  model.takeBackbone(
    Object.fromEntries(Object.entries(features).map(([name, value]) => [name.slice('backbone.'.length), value])),
  );
const attention = [...model.parameters]
  .filter(({ name, frozen }) => !frozen && name.includes('attention.'))
  .map(({ value }) => value);
const baseline = [...model.parameters].find(({ name }) => name === 'baseline')!;

// The last images by name, whatever the run was trained on.
const names = new Set(readdirSync(folder).sort().slice(-Number(batch)));
const lines = await parseCaptions(readFileSync(file, 'utf8'), file);
const chosen = [...names].map((name) => ({ name, caption: lines.find(({ image }) => image === name)!.caption }));
const images = await Promise.all(chosen.map(({ name }) => readImage(join(folder, name))));
const seen = await model.features(images);
const targets = padSequences(
  chosen.map(({ caption }) => model.encode(caption)),
  { padding: -1 },
);

/** The gradient for one draw, all numbers of attention's parameters in one list. */
async function gradientOf(draw: number, withBaseline: boolean): Promise<Float64Array> {
  const context = { training: true, random: new Random(draw) } as const;
  const parts = await device.read(() =>
    gradients(
      sequenceLoss(model.network, model.read(seen, context), targets, context, { entropy: 0, baseline: withBaseline }),
      attention,
    ),
  );
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}

/** The squared norm of the mean over draws, and the sum of the variances of all numbers. */
async function spread(withBaseline: boolean): Promise<{ mean: number; variance: number }> {
  let sum = new Float64Array();
  let squares = 0;
  const n = Number(draws);
  for (let draw = 1; draw <= n; draw++) {
    const g = await gradientOf(draw, withBaseline);
    if (draw === 1) sum = new Float64Array(g.length);
    for (let i = 0; i < g.length; i++) {
      sum[i] += g[i];
      squares += g[i] ** 2;
    }
  }
  const mean = sum.reduce((all, one) => all + (one / n) ** 2, 0);
  const variance = (squares - n * mean) / (n - 1);
  // The squared norm of a mean of n draws is too large by a share of the variance.
  return { mean: Math.max(0, mean - variance / n), variance };
}

// The baseline becomes the mean reward of these captions.
for (let draw = 1; draw <= 40; draw++) await gradientOf(-draw, true);
const [b] = await baseline.value.read();
const [plain, less] = [await spread(false), await spread(true)];
device.close();
console.log(
  `${batch} captions, ${draws} draws, ${untrained ? 'before training' : 'after training'}; baseline ${b.toFixed(3)} nats a word`,
);
const row = (name: string, { mean, variance }: { mean: number; variance: number }): string =>
  `${name.padEnd(18)}  variance ${variance.toExponential(3)}   squared norm of the mean ${mean.toExponential(3)}`;
console.log(row('without baseline', plain));
console.log(row('with baseline', less));
console.log(`${(plain.variance / less.variance).toFixed(1)} times less variance with the baseline`);
