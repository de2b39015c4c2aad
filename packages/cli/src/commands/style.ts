import { Command } from 'commander';
import { type Image, imageBatch, imagesFromBatch, type Preprocessing, valueRange } from 'unrolled/images';
import { styleLayers, styleTransfer } from 'unrolled/inspect';
import { readImage } from '../input/images.ts';
import { choice, notNegative, option, positive, whole } from '../options/parse.ts';
import { checkpointOption, threadsOption, type UseFlags } from '../options/use.ts';
import { progressShare } from '../output/progress-share.ts';
import { formatCount } from '../output/units.ts';
import { openMachine, toStandardError } from '../run/open-device.ts';
import { openNetwork } from '../see/network.ts';
import { writePicture } from '../see/pictures.ts';

interface StyleFlags extends UseFlags {
  backbone: string;
  out: string;
  size: number;
  styleSize?: number;
  steps: number;
  contentWeight?: number;
  styleWeight?: number;
  variationWeight?: number;
  learningRate?: number;
  contentLayers?: string[];
  styleLayers?: string[];
  start?: 'content' | 'noise';
  seed: number;
}

export function styleCommand(): Command {
  return new Command('style')
    .description('paint an image with the textures of another (style transfer)')
    .argument('<content>', 'image whose forms are kept')
    .argument('<style>', 'image whose textures and colours are taken')
    .requiredOption(
      '--backbone <network>',
      'file with the weights of a network for images (.safetensors or .pth), or a run',
    )
    .option('--out <file>', 'PNG file, written again and again meanwhile', 'styled.png')
    .addOption(option('--size <pixels>', 'longer side of the result', whole(16, 4096)).default(384))
    .addOption(option('--style-size <pixels>', 'longer side of the style image (default: as --size)', whole(16, 4096)))
    .addOption(option('--steps <n>', 'updates', whole(1)).default(300))
    .addOption(option('--style-weight <β>', 'weight of the style (default 10)', notNegative))
    .addOption(option('--content-weight <α>', 'weight of the content (default 1)', notNegative))
    .addOption(option('--variation-weight <γ>', 'weight of smoothness (default 0.1)', notNegative))
    .addOption(option('--learning-rate <r>', 'of Adam, as a share of the range of values (default 0.02)', positive))
    .option('--content-layers <names>', 'layers whose outputs are kept, with commas', list)
    .option('--style-layers <names>', 'layers whose Gram matrices are matched, with commas', list)
    .addOption(
      choice('--start <what>', 'start from the content, or from noise (default content)', ['content', 'noise']),
    )
    .addOption(option('--seed <n>', 'random seed of the noise', whole(0, 2 ** 32 - 1)).default(1))
    .addOption(checkpointOption())
    .option('--json', 'print JSON')
    .addOption(threadsOption())
    .addHelpText(
      'after',
      `
Examples:
  unrolled style photo.jpg painting.jpg --backbone squeezenet.safetensors
  unrolled style photo.jpg painting.jpg --backbone vgg19.safetensors --size 512 --style-weight 100 --out painted.png`,
    )
    .action(style);
}

const list = (text: string): string[] => text.split(',').map((name) => name.trim());

/** Updates from one writing of the picture to the next. */
const writeEvery = 10;

async function style(contentPath: string, stylePath: string, flags: StyleFlags): Promise<void> {
  const { size, styleSize = size, steps, learningRate, start, seed } = flags;
  const { contentWeight, styleWeight, variationWeight } = flags;
  const [content, painting] = [await readImage(contentPath), await readImage(stylePath)];
  const device = await openMachine(flags, toStandardError);
  try {
    const network = await openNetwork(device, flags.backbone, flags);
    const taken = sized(network.preprocessing, content, size);
    const images = {
      content: imageBatch([content], taken, device),
      style: imageBatch([painting], sized(network.preprocessing, painting, styleSize), device),
    };
    const byDefault = styleLayers(network, images.content);
    const layers = {
      contentLayers: flags.contentLayers ?? byDefault.content,
      styleLayers: flags.styleLayers ?? byDefault.style,
    };
    const [height, width] = taken.size as readonly [number, number];
    if (!flags.json) {
      toStandardError(
        `${width} × ${height} pixels; content: ${layers.contentLayers.join(', ')}; style: ${layers.styleLayers.join(', ')}`,
      );
    }
    const progress = progressShare('Painting');
    const weights = { contentWeight, styleWeight, variationWeight };
    const options = {
      ...layers,
      ...weights,
      ...valueRange(taken),
      steps,
      learningRate,
      start,
      seed,
      every: writeEvery,
    };
    for await (const { step, image, ...losses } of styleTransfer(network, images, options)) {
      writePicture(flags.out, imagesFromBatch(image.values, taken)[0]);
      progress?.(step / steps);
      if (flags.json) process.stdout.write(`${JSON.stringify({ type: 'style', step, ...losses, file: flags.out })}\n`);
      else if (step === steps) {
        const { content, style } = losses;
        process.stdout.write(
          `${flags.out}: after ${formatCount(steps)} steps the content differs by ${percent(content)}, the style by ${percent(style)}\n`,
        );
      }
    }
  } finally {
    device.close();
  }
}

const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;

/** The network's preprocessing for the whole of an image, its longer side of so many pixels. */
function sized(preprocessing: Preprocessing, { width, height }: Image, longer: number): Preprocessing {
  const scale = longer / Math.max(width, height);
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * scale));
  const { resize: _, ...others } = preprocessing;
  return { ...others, size: [side(height), side(width)], crop: 'none' };
}
