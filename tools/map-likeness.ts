/**
 * Whether maps depend on the class and on the weights (the sanity checks of Adebayo et al. 2018): Spearman's correlation between the
 * map of the likeliest class and that of another class, that with a random classifier, and that with random weights everywhere.
 *
 *     node tools/map-likeness.ts network.safetensors photo.jpg
 */
import { readFileSync } from 'node:fs';
import { openDevice } from 'unrolled';
import { imageBatch } from 'unrolled/images';
import { gradCam, guidedBackpropagation, saliency, strongestChannel } from 'unrolled/inspect';
import { ImageNetwork, openImageNetwork } from 'unrolled/vision';
import { readImage } from '../packages/cli/src/input/images.ts';

const [file, photo] = process.argv.slice(2);
const device = await openDevice();
const network = openImageNetwork(readFileSync(file), device);
const x = device.keep(imageBatch([await readImage(photo)], network.preprocessing, device));
const [best] = await device.read(() => [network.logits(x).argmax()]);
const labels = network.labels ?? Array.from({ length: network.classes }, (_, k) => `class ${k}`);
const other = (best[0] + Math.floor(network.classes / 2)) % network.classes;

async function mapsOf(one: ImageNetwork, index: number): Promise<Readonly<Record<string, ArrayLike<number>>>> {
  return {
    guided: strongestChannel(await guidedBackpropagation(one, x, index)).values,
    saliency: (await saliency(one, x, index)).values,
    'Grad-CAM': (await gradCam(one, x, index)).values,
  };
}

/** The rank of each value. */
function ranks(values: ArrayLike<number>): Float64Array {
  const found = new Float64Array(values.length);
  const order = Array.from({ length: values.length }, (_, i) => i).sort((i, j) => values[i] - values[j]);
  for (const [rank, place] of order.entries()) found[place] = rank;
  return found;
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y, n] = [ranks(a), ranks(b), a.length];
  return 1 - (6 * x.reduce((sum, rank, i) => sum + (rank - y[i]) ** 2, 0)) / (n * (n * n - 1));
}

const maps = await mapsOf(network, best[0]);
const compared = {
  [`class ‘${labels[other]}’ in place of ‘${labels[best[0]]}’`]: await mapsOf(network, other),
  'a random classifier': await mapsOf(network.withLabels(labels, 1), best[0]),
  'random weights': await mapsOf(new ImageNetwork(device, network.describe(), 1), best[0]),
};
for (const [name, others] of Object.entries(compared)) {
  const figures = Object.entries(maps).map(([kind, map]) => `${kind} ${correlation(map, others[kind]).toFixed(2)}`);
  console.log(`${name}: ${figures.join(', ')}`);
}
device.close();
