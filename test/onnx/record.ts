/**
 * Records what onnxruntime-web computes of the models of one node, in test/golden/onnx-nodes.json:
 * `node test/onnx/record.ts [PATH OF ITS PACKAGE]`.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { encodeNode, nodeCases } from './node-models.ts';

const folder = resolve(process.argv[2] ?? 'bench/peers/node_modules/onnxruntime-web');
const require = createRequire(pathToFileURL(join(folder, 'package.json')));
const ort = require('onnxruntime-web');
ort.env.wasm.numThreads = 1;
const recorded: Record<string, { shape: number[]; data: number[] }[]> = {};
for (const [name, make] of Object.entries(nodeCases)) {
  const one = make();
  try {
    const session = await ort.InferenceSession.create(encodeNode(one), { logSeverityLevel: 3 });
    const feeds = Object.fromEntries(
      one.inputs.flatMap((given, i) =>
        given?.isInput ? [[`in${i}`, new ort.Tensor('float32', given.data, given.shape)]] : [],
      ),
    );
    const outputs = await session.run(feeds);
    recorded[name] = Array.from({ length: one.outputs }, (_, i) => {
      const { dims, data } = outputs[`out${i}`];
      return { shape: [...dims], data: Array.from(data as Float32Array, (n) => Number(n.toPrecision(7))) };
    });
  } catch (error) {
    console.log(`${name}: ${String((error as Error).message).slice(0, 300)}`);
  }
}
const lines = Object.entries(recorded).map(([name, outputs]) => `${JSON.stringify(name)}: ${JSON.stringify(outputs)}`);
writeFileSync(fileURLToPath(new URL('../golden/onnx-nodes.json', import.meta.url)), `{\n${lines.join(',\n')}\n}\n`);
console.log(`${lines.length} models`, ort.env.versions);
