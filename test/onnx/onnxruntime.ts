/**
 * Runs what is written to ONNX in onnxruntime-web, and compares: `node test/onnx/onnxruntime.ts [PATH OF ITS PACKAGE]`, by default
 * that of bench/peers (npm install --prefix bench/peers --no-package-lock).
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openDevice } from 'unrolled';
import { useDevice } from 'unrolled/keras';
import { differenceOf, writtenModels } from './written.ts';

const folder = resolve(process.argv[2] ?? 'bench/peers/node_modules/onnxruntime-web');
const ort = createRequire(pathToFileURL(join(folder, 'package.json')))('onnxruntime-web');
ort.env.wasm.numThreads = 1;
const device = await openDevice('wasm', { threads: 1 });
useDevice(device);
const counts = { same: 0, different: 0, failed: 0 };
let worst = 0;
for (const [name, make] of Object.entries(writtenModels)) {
  const written = await make(device);
  try {
    const session = await ort.InferenceSession.create(written.bytes, { logSeverityLevel: 3 });
    const difference = await differenceOf(written, async (inputs) => {
      const feeds = Object.fromEntries(
        session.inputNames.map((input: string, i: number) => {
          const { shape, data } = inputs[i];
          return [input, new ort.Tensor(data instanceof Int32Array ? 'int32' : 'float32', data, shape)];
        }),
      );
      const outputs = await session.run(feeds);
      return session.outputNames.map((output: string) => ({ shape: outputs[output].dims, data: outputs[output].data }));
    });
    worst = Math.max(worst, difference);
    if (difference <= 1e-5) counts.same++;
    else {
      counts.different++;
      console.log(`${name}: differs by ${difference}`);
    }
  } catch (error) {
    counts.failed++;
    console.log(`${name}: ${String((error as Error).message).slice(0, 400)}`);
  }
}
console.log(counts, `greatest difference ${worst}`);
device.close();
