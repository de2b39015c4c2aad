import { graphChart } from 'unrolled/charts';
import type { Preprocessing } from 'unrolled/images';
import {
  type BlockTrainingOptions,
  blockArchitecture,
  blockEquations,
  blockGraph,
  blockSpace,
  networkOf,
  referenceMultiplyAdds,
} from 'unrolled/search';
import { channelStatistics } from 'unrolled/tasks/classify-images';
import { Failure } from '../failure.ts';
import { countOf, formatCount, shellWord } from '../output/units.ts';
import { readExamples } from '../tasks/images/examples.ts';
import { heldOut } from '../tasks/images/held-out.ts';
import { readImageFiles, typicalImage } from '../tasks/images/sources.ts';
import { defaultSteps, endText } from './cell.ts';
import type { CommonOptions, Prepared } from './prepared.ts';
import { sharedImages } from './protocol.ts';

export interface BlockOptions extends CommonOptions {
  nodes: number;
  channels: number;
  blocks: number;
  /** Default: the images' own. */
  size?: number;
  penalty: number;
}

export const blockDefaults = {
  ...{ method: 'controller', candidates: 100, round: 8, seed: 1 },
  ...{ controllerHidden: 32, controllerLr: 0.02, entropy: 0.01 },
  ...{ nodes: 3, channels: 8, blocks: 1, batch: 32, lr: 0.05, penalty: 0.05 },
} as const satisfies BlockOptions;

/** Share of the images that candidates are compared on. */
const validationShare = 0.15;

/** @throws Failure if the images cannot be read */
export async function prepareBlock(
  paths: readonly string[],
  options: BlockOptions,
  note: (line: string) => void,
): Promise<Prepared> {
  const { nodes, channels, blocks, size, batch, lr, penalty, seed } = options;
  const files = await readImageFiles(paths);
  const { labels, train: set } = files.data;
  const { side, grey } = await typicalImage(files);
  const C = grey ? 1 : 3;
  const plain: Preprocessing = { size: size ?? side, mean: Array(C).fill(0), std: Array(C).fill(1) };
  const read = await readExamples(set, plain, { labels, note });
  const { examples: train, validation } = await heldOut(read, null, files, plain, { seed: 1, validationShare });
  if (train.length === 0 || validation.length === 0) {
    const count = countOf(read.examples.length, 'image');
    throw new Failure(`${files.path}: ${count} are too few to hold out ${100 * validationShare}% of them; give more`);
  }
  const preprocessing = {
    ...plain,
    ...channelStatistics(
      train.map(({ image }) => image),
      C,
    ),
  };
  const { steps = options.seconds === undefined ? defaultSteps.block : undefined, seconds } = options;
  const training: BlockTrainingOptions = {
    ...{ channels, blocks, batch, learningRate: lr, seed },
    augmentation: { flip: true, shift: Math.max(1, Math.round(side / 8)) },
    ...(steps !== undefined && { steps }),
    ...(seconds !== undefined && { seconds }),
  };
  const sizes = { channels, blocks, classes: labels.length };
  const reference = referenceMultiplyAdds(sizes, preprocessing);
  const images = { labels, preprocessing, train: sharedImages(train), validation: sharedImages(validation) };
  const space = blockSpace(nodes);
  return {
    what: 'block',
    files: files.files,
    space,
    setup: { kind: 'block', nodes, images, training, penalty, reference },
    about: [
      `${formatCount(train.length)} images to train on, ${formatCount(validation.length)} to compare candidates on, ${labels.length} labels`,
      `Each candidate: three stages of ${blocks} block${blocks === 1 ? '' : 's'} with ${[1, 2, 4].map((n) => n * channels).join(', ')} ` +
        `channels, ${endText(steps, seconds)}; reward accuracy − ${penalty} × multiply-adds/${formatCount(reference)}`,
    ],
    columns: [
      { name: 'accuracy', of: ({ accuracy }) => `${(100 * Number(accuracy)).toFixed(1)}%` },
      { name: 'multiply-adds', of: ({ multiplyAdds }) => formatCount(Number(multiplyAdds)) },
      { name: 'parameters', of: ({ parameters }) => formatCount(Number(parameters)) },
    ],
    write({ choices, number }, command) {
      const architecture = blockArchitecture(space, choices);
      const equations = blockEquations(architecture);
      const graph = graphChart({
        title: `The best block found: candidate ${number}`,
        description: `${equations.join('; ')}. Made by: ${command}`,
        ...blockGraph(architecture),
      });
      return {
        'found.json': `${JSON.stringify(architecture, null, 2)}\n`,
        'found.svg': graph,
        'found.txt': `${equations.join('\n')}\n`,
        'network.json': `${JSON.stringify(networkOf(architecture, sizes), null, 2)}\n`,
      };
    },
    next: (folder) =>
      `Train its network with: npx unrolled classify train IMAGES --network ${shellWord(`${folder}/network.json`)}`,
  };
}
