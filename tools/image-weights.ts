// Published networks for images as files that our commands take: safetensors with configuration, preprocessing and labels.
//
//     node tools/image-weights.ts tfjs-mobilenet-v1 FOLDER labels.txt mobilenet-v1.safetensors
//     node tools/image-weights.ts tflite-mobilenet-v2 FOLDER labels.txt mobilenet-v2.safetensors
//     node tools/image-weights.ts ncnn-squeezenet-1.1 FOLDER labels.txt squeezenet-1.1.safetensors
//     node tools/image-weights.ts classify network.safetensors photo.jpg …    # the five likeliest labels of each
//
//     node tools/image-weights.ts compare mobilenet-v1.safetensors FOLDER photo.jpg …   # with TensorFlow.js; see bench/peers
//
// FOLDER is what image-weights/ describes for each. Labels are one a line; a first one, `background`, is left out where the
// network has a class less.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openDevice } from 'unrolled';
import { imageBatch } from 'unrolled/images';
import { Declarations, type Layer, type LayerConfig, layerFrom } from 'unrolled/nn';
import { ImageNetwork, imageNetworkFile, openImageNetwork } from 'unrolled/vision';
import { readImage } from '../packages/cli/src/input/images.ts';
import { ncnnSqueezeNet } from './image-weights/ncnn-squeezenet.ts';
import type { Parameter } from './image-weights/source.ts';
import { tfjsMobileNetV1 } from './image-weights/tfjs-mobilenet-v1.ts';
import { tfliteMobileNetV2 } from './image-weights/tflite-mobilenet-v2.ts';

const sources = {
  'tfjs-mobilenet-v1': tfjsMobileNetV1,
  'tflite-mobilenet-v2': tfliteMobileNetV2,
  'ncnn-squeezenet-1.1': ncnnSqueezeNet,
};

/** The parameters of a network in the order in which it declares them: that of its layers. */
function declared(config: LayerConfig): Parameter[] {
  const declarations = new Declarations();
  (layerFrom(config) as Layer).build([-1, 224, 224, 3], declarations);
  return declarations.declared;
}

function labelsOf(file: string, classes: number): string[] {
  const labels = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/);
  return labels.length === classes + 1 && labels[0] === 'background' ? labels.slice(1) : labels;
}

const [kind, first, ...rest] = process.argv.slice(2);
const device = await openDevice();

/** Logits of photographs, and what the network took. */
async function logitsOf(network: ImageNetwork, paths: readonly string[]) {
  const images = await Promise.all(paths.map((path) => readImage(path)));
  return device.read(() =>
    device.withoutGradients(() => {
      const inputs = imageBatch(images, network.preprocessing, device);
      const logits = network.logits(inputs);
      return { inputs, logits, probabilities: logits.softmax() };
    }),
  );
}

async function classify(file: string, paths: readonly string[]): Promise<void> {
  const network = openImageNetwork(readFileSync(file), device);
  const { classes, labels } = network;
  const { probabilities } = await logitsOf(network, paths);
  for (const [i, path] of paths.entries()) {
    const best = Array.from(probabilities.subarray(i * classes, (i + 1) * classes), (probability, k) => {
      return { probability, label: labels?.[k] ?? String(k) };
    });
    best.sort((a, b) => b.probability - a.probability);
    const five = best.slice(0, 5).map(({ label, probability }) => `${label} ${probability.toFixed(3)}`);
    console.log(`${path}: ${five.join('; ')}`);
  }
}

async function compare(file: string, [folder, ...paths]: readonly string[]): Promise<void> {
  const network = openImageNetwork(readFileSync(file), device);
  const { inputs, logits, probabilities } = await logitsOf(network, paths);
  const peer = fileURLToPath(new URL('../bench/peers/tfjs_mobilenet_v1.mjs', import.meta.url));
  const shape = [paths.length, ...network.inputShape];
  const input = JSON.stringify({ folder, inputs: { shape, data: Array.from(inputs) } });
  const printed = execFileSync(process.execPath, [peer], { input, maxBuffer: 1e9 }).toString();
  const theirs = JSON.parse(printed) as { readonly logits: number[]; readonly version: string };
  const probabilitiesOf = device.tensor(theirs.logits, [paths.length, network.classes]).softmax().data();
  const difference = (a: ArrayLike<number>, b: ArrayLike<number>): string =>
    Array.from(a, (value, i) => Math.abs(value - b[i]))
      .reduce((most, one) => Math.max(most, one))
      .toExponential(1);
  console.log(
    `TensorFlow.js ${theirs.version}: logits differ by up to ${difference(logits, theirs.logits)}, ` +
      `probabilities by up to ${difference(probabilities, probabilitiesOf)}`,
  );
}

async function convert(source: keyof typeof sources, folder: string, [names, out]: readonly string[]): Promise<void> {
  const { parameters, ...converted } = sources[source](folder, declared);
  const [{ shape }] = declared(converted.config).slice(-1);
  const network = new ImageNetwork(device, { ...converted, labels: labelsOf(names, shape[0]) }, parameters);
  writeFileSync(out, await imageNetworkFile(network));
  console.log(`${out}: ${network.classes} classes, ${network.parameters.size.toLocaleString('en')} parameters`);
}

if (kind === 'classify' && rest.length > 0) await classify(first, rest);
else if (kind === 'compare' && rest.length > 1) await compare(first, rest);
else if (Object.hasOwn(sources, kind ?? '') && rest.length === 2) {
  await convert(kind as keyof typeof sources, first, rest);
} else throw new Error('see the first lines of tools/image-weights.ts');
device.close();
