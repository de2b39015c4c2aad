/**
 * Opens and runs damaged files: `node test/onnx/mutate.ts [COUNT] [SEED] [FOLDER]`; of the models in models.ts, or of the files in a
 * folder. Says what crashed, and what took more than a second.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice, Random } from 'unrolled';
import { useDevice } from 'unrolled/keras';
import { openOnnx, toOnnx } from 'unrolled/onnx';
import { cases } from './models.ts';
import { attempt, mutated } from './mutations.ts';

const [count = '10000', seed = '1', folder] = process.argv.slice(2);
const device = await openDevice('wasm', { threads: 1 });
useDevice(device);
const random = new Random(Number(seed));
const files: { name: string; bytes: Uint8Array; inputs: Parameters<typeof attempt>[2] }[] = [];
if (folder) {
  for (const path of globSync(join(folder, '**/*.onnx')).sort()) {
    const bytes = readFileSync(path);
    const model = await openOnnx(device, bytes).catch(() => null);
    if (model === null) continue;
    const inputs = model.inputs.map(({ shape, type }) => {
      const extents = (shape ?? []).map((n) => (typeof n === 'number' ? n : 2));
      return type.includes('int')
        ? device.ids(new Int32Array(extents.reduce((a, b) => a * b, 1)).fill(1), extents)
        : device.ones(extents);
    });
    model.close();
    files.push({ name: path, bytes, inputs });
  }
} else {
  for (const [name, make] of Object.entries(cases)) {
    const { model, inputs, options } = make();
    const tensors = inputs.map(({ shape, data }) =>
      device.tensor(data, shape, data instanceof Int32Array ? 'int32' : undefined),
    );
    files.push({ name, bytes: await toOnnx(model, options), inputs: tensors });
  }
}
const counts: Record<string, number> = {};
const slowest = { milliseconds: 0, name: '' };
const before = device.memory();
for (let i = 0; i < Number(count); i++) {
  const { name, bytes, inputs } = files[random.below(files.length)];
  const { kind, error, milliseconds } = await attempt(device, mutated(bytes, random), inputs);
  const key = kind === 'refused' ? `refused: ${error!.name}` : kind;
  counts[key] = (counts[key] ?? 0) + 1;
  if (kind === 'crashed' && counts[key] < 10) console.log(name, error!.stack?.split('\n').slice(0, 6).join('\n'));
  if (milliseconds > slowest.milliseconds) Object.assign(slowest, { milliseconds, name });
  if (milliseconds > 1000)
    console.log(`${name}: ${Math.round(milliseconds)} ms`, error?.message.slice(0, 200) ?? 'ran');
  if (i % 1000 === 0) await new Promise((resolve) => setTimeout(resolve));
}
const { bytes, peakBytes } = device.memory();
console.log(`${files.length} files`, counts, `slowest ${Math.round(slowest.milliseconds)} ms (${slowest.name})`);
console.log(
  `device: ${before.bytes} bytes before, ${bytes} after, peak ${peakBytes}; process ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`,
);
device.close();
