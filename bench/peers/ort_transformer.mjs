/**
 * Times tokens of a language model with a cache of keys and values, one after another, each the likeliest: the path of an ONNX
 * file as `languageModelToOnnx` writes it, its layers and width, the ids of a prompt, threads, warmup and runs as JSON on the
 * standard input.
 */
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';

const { model, layers, width, prompt, threads, warmup, runs } = JSON.parse(readFileSync(0));
ort.env.wasm.numThreads = threads;
const session = await ort.InferenceSession.create(readFileSync(model), {
  executionProviders: ['wasm'],
  graphOptimizationLevel: 'all',
});
const names = Array.from({ length: layers }, (_, i) => [`k_${i}`, `v_${i}`]).flat();
let past = Object.fromEntries(
  names.map((name) => [`past_${name}`, new ort.Tensor('float32', new Float32Array(0), [1, 0, width])]),
);
let logits = [];
const milliseconds = [];
for (let i = -1; i < warmup + runs; i++) {
  const ids = i < 0 ? prompt : [likeliest(logits)];
  const start = performance.now();
  const given = { ids: new ort.Tensor('int32', Int32Array.from(ids), [1, ids.length]), ...past };
  const found = await session.run(given);
  const { data, dims } = found.logits;
  logits = data.subarray(data.length - dims[2]);
  past = Object.fromEntries(names.map((name) => [`past_${name}`, found[`present_${name}`]]));
  if (i >= warmup) milliseconds.push(performance.now() - start);
}
// Its threads would keep the program running.
process.stdout.write(JSON.stringify({ milliseconds, logits: Array.from(logits) }), () => process.exit());

function likeliest(scores) {
  let best = 0;
  for (let id = 1; id < scores.length; id++) if (scores[id] > scores[best]) best = id;
  return best;
}
