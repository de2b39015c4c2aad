/**
 * Runs what is written to ONNX in onnxruntime-web, and compares: `node test/onnx/onnxruntime.ts [PATH OF ITS PACKAGE]`, by default
 * that of bench/peers (npm install --prefix bench/peers --no-package-lock).
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openDevice } from 'unrolled';
import { useDevice } from 'unrolled/keras';
import { toOnnx } from 'unrolled/onnx';
import { cases } from './models.ts';

const folder = resolve(process.argv[2] ?? 'bench/peers/node_modules/onnxruntime-web');
const ort = createRequire(pathToFileURL(join(folder, 'package.json')))('onnxruntime-web');
ort.env.wasm.numThreads = 1;
const device = await openDevice('wasm', { threads: 1 });
useDevice(device);
const counts = { same: 0, different: 0, failed: 0 };
let worst = 0;
for (const [name, make] of Object.entries(cases)) {
  const { model, inputs, options } = make();
  const given = inputs.map(({ shape, data }) =>
    device.tensor(data, shape, data instanceof Int32Array ? 'int32' : undefined),
  );
  const result: unknown = await model.predict((given.length === 1 ? given[0] : given) as never);
  const expected = (Array.isArray(result) ? result : [result]) as { data: ArrayLike<number> }[];
  try {
    const session = await ort.InferenceSession.create(await toOnnx(model, options), { logSeverityLevel: 3 });
    const feeds = Object.fromEntries(
      session.inputNames.map((input: string, i: number) => {
        const { shape, data } = inputs[i];
        return [input, new ort.Tensor(data instanceof Int32Array ? 'int32' : 'float32', data, shape)];
      }),
    );
    const outputs = await session.run(feeds);
    let most = 0;
    session.outputNames.forEach((output: string, i: number) => {
      const numbers: Float32Array = outputs[output].data;
      if (numbers.length !== expected[i].data.length)
        throw new Error(`${output} has ${numbers.length} numbers in place of ${expected[i].data.length}`);
      numbers.forEach((n, j) => {
        most = Math.max(most, Number.isNaN(n) ? Infinity : Math.abs(n - expected[i].data[j]));
      });
    });
    worst = Math.max(worst, most);
    if (most <= 2e-5) counts.same++;
    else {
      counts.different++;
      console.log(`${name}: differs by ${most}`);
    }
  } catch (error) {
    counts.failed++;
    console.log(`${name}: ${String((error as Error).message).slice(0, 400)}`);
  }
}
console.log(counts, `greatest difference ${worst}`);
device.close();
