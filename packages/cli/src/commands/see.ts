import { basename, extname, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Tensor } from 'unrolled';
import { type Image, imageBatch, imagesFromBatch } from 'unrolled/images';
import { imageLayers } from 'unrolled/inspect';
import type { InspectedClassifier } from 'unrolled/tasks/classify-images';
import { Failure } from '../failure.ts';
import { readImage } from '../input/images.ts';
import { choice, folderName, notNegative, number, option, positive, whole } from '../options/parse.ts';
import { type UseFlags, useOptions } from '../options/use.ts';
import { table } from '../output/table.ts';
import { printable } from '../output/text.ts';
import { openMachine, toStandardError } from '../run/open-device.ts';
import { type AscentFlags, growImages } from '../see/ascent.ts';
import { drawnMap, type MapFlags, type MapMethod, mapMethods } from '../see/maps.ts';
import { labelsOf, openNetwork } from '../see/network.ts';
import { enlarged, writePicture } from '../see/pictures.ts';
import { classNamed, type NamedTarget, slug, type UnitChoice, unitChoice, unitOf } from '../see/targets.ts';

const methods = [...mapMethods, 'ascent'] as const;
type Method = (typeof methods)[number];

interface SeeFlags extends UseFlags, MapFlags, AscentFlags {
  method: Method[];
  class?: string[];
  unit?: UnitChoice;
  labels?: string;
  layers?: boolean;
  top: number;
  out: string;
}

export function seeCommand(): Command {
  const command = new Command('see')
    .description('draw what an image classifier looks at: which pixels matter, and what a class looks like to it')
    .argument(
      '<network>',
      'run folder, or file of a classifier or with the weights of a known network (.safetensors or .pth)',
    )
    .argument('[images...]', 'JPEG, PNG, WebP or GIF files')
    .option('--method <names>', `${methods.join(', ')}; several with commas (default: gradcam)`, methodList)
    .option('--class <name>', 'class to explain, or its index; repeatable (default: the likeliest)', repeated)
    .option('--layer <name>', 'layer of --unit, and of gradcam (default: the last one with positions)')
    .option('--unit <channel[,y,x]>', 'unit of --layer in place of a class; at its most active place', unitChoice)
    .option('--layers', 'list the layers and the shapes of their outputs')
    .option('--labels <file>', 'a text file with a label a line, where the weights have none')
    .option('--out <folder>', 'folder for the pictures', folderName, 'maps')
    .addOption(option('--top <n>', 'classes to print', whole(1)).default(5))
    .addOption(option('--opacity <share>', 'of a map over the image (default 0.6)', share).helpGroup('Maps:'))
    .addOption(
      option('--patch <pixels>', 'occlusion: side of the hidden square (default: an eighth)', whole(1)).helpGroup(
        'Maps:',
      ),
    )
    .addOption(
      option('--stride <pixels>', 'occlusion: step of the square (default: half of it)', whole(1)).helpGroup('Maps:'),
    )
    .addOption(option('--samples <n>', 'smoothgrad: noisy images (default 32)', whole(1)).helpGroup('Maps:'))
    .addOption(
      option('--noise <share>', 'smoothgrad: σ as a share of the range (default 0.15)', notNegative).helpGroup('Maps:'),
    )
    .addOption(option('--steps <n>', 'updates (default 256)', whole(1)).helpGroup('Ascent:'))
    .addOption(
      option('--learning-rate <r>', 'of Adam, as a share of the range of values (default 0.02)', positive).helpGroup(
        'Ascent:',
      ),
    )
    .addOption(option('--decay <λ>', 'of −λ‖I‖² (default 1e-3)', notNegative).helpGroup('Ascent:'))
    .addOption(
      option('--variation <τ>', 'of −τ·TV(I), the total variation (default 1e-3)', notNegative).helpGroup('Ascent:'),
    )
    .addOption(option('--jitter <pixels>', 'largest random shift (default 8)', whole(0)).helpGroup('Ascent:'))
    .addOption(
      option('--blur-every <n>', 'blur after so many updates, 0: never (default 0)', whole(0)).helpGroup('Ascent:'),
    )
    .addOption(
      choice('--basis <name>', 'what the gradient is taken in (default frequencies)', [
        'pixels',
        'frequencies',
      ]).helpGroup('Ascent:'),
    )
    .addOption(
      choice('--start <what>', 'start from noise, or from each image (default noise)', ['noise', 'image']).helpGroup(
        'Ascent:',
      ),
    )
    .addOption(option('--seed <n>', 'random seed of noise and shifts', whole(0, 2 ** 32 - 1)).default(1));
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled see runs/flowers rose.jpg
  unrolled see mobilenet-v2.safetensors cat.jpg --method occlusion,saliency,guided --class tabby
  unrolled see mobilenet-v2.safetensors cat.jpg --method guided --layer features.7 --unit 12
  unrolled see mobilenet-v2.safetensors --method ascent --class "hot dog"`,
    )
    .action(see);
}

const share = number((value) => value >= 0 && value <= 1, 'from 0 to 1');
const repeated = (value: string, before: readonly string[] = []): string[] => [...before, value];

function methodList(text: string): Method[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !methods.includes(name as Method));
  if (unknown === undefined) return names as Method[];
  throw new InvalidArgumentError(`'${unknown}' is none; there are ${methods.join(', ')}.`);
}

async function see(path: string, images: string[], flags: SeeFlags): Promise<void> {
  const { method = ['gradcam'], start = 'noise' } = flags;
  const maps = method.filter((one): one is MapMethod => one !== 'ascent');
  const ascends = method.includes('ascent');
  if (images.length === 0 && !flags.layers && (maps.length > 0 || start === 'image')) {
    throw new Failure(`see: name the images to explain; only --method ascent works without`, 2);
  }
  if (flags.unit && flags.layer === undefined)
    throw new Failure('--unit: name its layer with --layer; --layers lists them', 2);
  const device = await openMachine(flags, toStandardError);
  try {
    const network = await openNetwork(device, path, flags);
    if (flags.layers) return listLayers(network, flags);
    for (const image of images) await seeImage(network, image, maps, ascends && start === 'image', flags);
    if (ascends && start === 'noise') await growImages(network, await targetsOf(network, null, flags), null, '', flags);
  } finally {
    device.close();
  }
}

/** Prints the classes of an image and draws what they rest on. */
async function seeImage(
  network: InspectedClassifier,
  path: string,
  maps: readonly MapMethod[],
  ascends: boolean,
  flags: SeeFlags,
): Promise<void> {
  const { device, preprocessing } = network;
  const image = await readImage(path);
  const x = device.keep(imageBatch([image], preprocessing, device));
  const [picture] = imagesFromBatch(await x.read(), preprocessing);
  const probabilities = await network.probabilities(image);
  const classes = Array.from(probabilities, (probability, index) => ({
    label: labelsOf(network, probabilities.length)[index],
    index,
    probability,
  })).sort((a, b) => b.probability - a.probability);
  if (!flags.json) {
    const rows = classes
      .slice(0, flags.top)
      .map(({ label, probability }) => [`${(100 * probability).toFixed(1)}%`, printable(label)]);
    process.stdout.write(`${path}\n${rows.map(([p, label]) => `  ${p.padStart(6)}  ${label}\n`).join('')}`);
  }
  const targets = await targetsOf(network, { x, best: classes[0].index, K: classes.length }, flags);
  const stem = basename(path, extname(path));
  const drawn: object[] = [];
  for (const target of targets) {
    const prefix = join(flags.out, targets.length > 1 ? `${stem}.${slug(target.title)}` : stem);
    for (const method of maps) {
      const { alone, over, summary } = await drawnMap(method, network, x, target, picture, flags);
      const files = { map: `${prefix}.${method}.png`, over: `${prefix}.${method}.over.png` };
      writePicture(files.map, enlarged(alone));
      writePicture(files.over, enlarged(over));
      drawn.push({ method, target: target.target, title: target.title, ...files, summary });
      if (!flags.json) {
        process.stdout.write(
          `  ${method} of '${printable(target.title)}': ${summary}\n    ${files.map}  ${files.over}\n`,
        );
      }
    }
  }
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ type: 'see', image: path, classes: classes.slice(0, flags.top), maps: drawn })}\n`,
    );
  }
  if (ascends) await growImages(network, targets, x, `${stem}.`, flags);
  device.release(x);
}

/** The classes or the unit that were asked about; without a word, the likeliest class of an image. */
async function targetsOf(
  network: InspectedClassifier,
  seen: { readonly x: Tensor; readonly best: number; readonly K: number } | null,
  flags: SeeFlags,
): Promise<NamedTarget[]> {
  const { device, preprocessing } = network;
  if (flags.unit) {
    const { layer = '', unit } = flags;
    if (seen) return [await unitOf(network, seen.x, layer, unit)];
    const place = unit.y === undefined ? '' : ` at ${unit.y},${unit.x}`;
    return [{ target: { layer, ...unit }, title: `${layer} ${unit.channel}${place}` }];
  }
  if (flags.class) {
    const K = seen?.K ?? network.labels?.length ?? (await classCount(network));
    return flags.class.map((name) => classNamed(name, network, K));
  }
  if (!seen) throw new Failure('--method ascent: name a class with --class, or a unit with --layer and --unit', 2);
  return [{ target: { class: seen.best }, title: labelsOf(network, seen.K)[seen.best] }];

  async function classCount({ logits }: InspectedClassifier): Promise<number> {
    const blank = blankImage(network);
    const [scores] = await device.read(() => [logits(imageBatch([blank], preprocessing, device), { training: false })]);
    return scores.length;
  }
}

/** An image of the network's size. */
function blankImage({ preprocessing }: InspectedClassifier): Image {
  const channels = preprocessing.mean.length as 1 | 3;
  return { width: 8, height: 8, channels, data: new Uint8Array(64 * channels) };
}

function listLayers(network: InspectedClassifier, { json }: SeeFlags): void {
  const { device, preprocessing } = network;
  const layers = device.scope(() => imageLayers(network, imageBatch([blankImage(network)], preprocessing, device)));
  if (json) process.stdout.write(`${JSON.stringify({ type: 'layers', layers })}\n`);
  else {
    const rows = layers.map(({ name, shape }) => [name, shape.join(' × ')]);
    process.stdout.write(`${table(['layer', 'output'], rows).join('\n')}\n`);
  }
}
