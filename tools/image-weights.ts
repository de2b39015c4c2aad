// Published networks for images as files that our commands take: safetensors with configuration, preprocessing and labels.
//
//     node tools/image-weights.ts tfjs-mobilenet-v1 FOLDER labels.txt mobilenet-v1.safetensors
//     node tools/image-weights.ts tflite-mobilenet-v2 FOLDER labels.txt mobilenet-v2.safetensors
//     node tools/image-weights.ts ncnn-squeezenet-1.1 FOLDER labels.txt squeezenet-1.1.safetensors
//     node tools/image-weights.ts classify network.safetensors photo.jpg …    # the five likeliest labels of each
//
// FOLDER is what image-weights/ describes for each. Labels are one a line; a first one, `background`, is left out where the
// network has a class less.

import { readFileSync, writeFileSync } from 'node:fs';
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
if (kind === 'classify' && rest.length > 0) {
  const network = openImageNetwork(readFileSync(first), device);
  for (const path of rest) {
    const image = await readImage(path);
    const logits = await device.read(() =>
      device.withoutGradients(() => network.logits(imageBatch([image], network.preprocessing, device)).softmax()),
    );
    const best = Array.from(logits, (probability, k) => ({ probability, label: network.labels?.[k] ?? String(k) }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, 5);
    console.log(`${path}: ${best.map(({ label, probability }) => `${label} ${probability.toFixed(3)}`).join('; ')}`);
  }
} else if (Object.hasOwn(sources, kind ?? '') && rest.length === 2) {
  const { parameters, ...converted } = sources[kind as keyof typeof sources](first, declared);
  const [{ shape }] = declared(converted.config).slice(-1);
  const network = new ImageNetwork(device, { ...converted, labels: labelsOf(rest[0], shape[0]) }, parameters);
  writeFileSync(rest[1], await imageNetworkFile(network));
  console.log(`${rest[1]}: ${network.classes} classes, ${network.parameters.size.toLocaleString('en')} parameters`);
} else {
  throw new Error(
    `node tools/image-weights.ts ${Object.keys(sources).join('|')} FOLDER labels.txt OUT, or classify FILE photo …`,
  );
}
device.close();
