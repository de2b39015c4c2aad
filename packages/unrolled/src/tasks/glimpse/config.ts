import { count, type Kinds, number, oneOf, required, requireOptions, whole } from '../../checks.ts';
import type { SceneConfig } from '../../images/index.ts';
import { cellNames } from '../../nn/cells/registry.ts';

/**
 * How an image is read:
 *
 * - reinforce: glimpses at places drawn at random around the ones that it chooses, which learn by REINFORCE (Mnih 2014)
 * - bilinear: glimpses at the places that it chooses, which learn by the gradient of bilinear interpolation
 * - fixed: glimpses where the others begin to look, spread around the middle, for comparison
 * - random: glimpses at random places, for comparison
 * - convolution, dense: the whole image at once, by a convolution and a dense layer, or a dense layer alone; for comparison
 */
export const readers = ['reinforce', 'bilinear', 'fixed', 'random', 'convolution', 'dense'] as const;
export type Reader = (typeof readers)[number];

/** Configuration of a model that reads images by glimpses, as plain data. */
export interface GlimpseConfig {
  /** Height and width of the images, in pixels. */
  readonly height: number;
  readonly width: number;
  readonly reader: Reader;
  /** G, glimpses for each label. */
  readonly glimpses: number;
  /** N: a patch is N × N numbers. */
  readonly patch: number;
  /** Patches of a glimpse, each twice as wide as the one before. */
  readonly scales: number;
  /** H, hidden units of the cell; of the dense layer, where there are no glimpses. */
  readonly hidden: number;
  /** Name of a built-in cell. Default irnn, whose state is the sum of what was seen at first. */
  readonly cell?: string | undefined;
  /** Units of the layers that read a glimpse, and its place. Default 128. */
  readonly units?: number | undefined;
  /** Deviation of the places that are drawn, where the image reaches from −1 to 1. Default 0.05. */
  readonly deviation?: number | undefined;
  /** Channels of the convolution. Default 8. */
  readonly channels?: number | undefined;
}

const longest = 1024;
const side = required(whole({ from: 1, to: longest }));

export const glimpseKinds: Kinds<GlimpseConfig> = {
  height: side,
  width: side,
  reader: required(oneOf(readers)),
  glimpses: required(whole({ from: 1, to: longest })),
  patch: side,
  scales: required(whole({ from: 1, to: 10 })),
  hidden: required(count),
  cell: oneOf(cellNames),
  units: count,
  deviation: number({ above: 0 }),
  channels: count,
};

/** The configuration with its defaults filled in. @throws ConfigError on an invalid size or name */
export function completeConfig(config: GlimpseConfig): Required<GlimpseConfig> {
  requireOptions('glimpse', config, glimpseKinds);
  const { cell = 'irnn', units = 128, deviation = 0.05, channels = 8 } = config;
  return { ...config, cell, units, deviation, channels };
}

/** What makes such a model besides its parameters. */
export interface GlimpseOptions {
  readonly config: GlimpseConfig;
  /** K, at least two. */
  readonly labels: readonly string[];
  /** How training images are placed on larger ones, which says how many labels an image has. Default `plain`. */
  readonly scene?: SceneConfig | undefined;
}

/** Everything that makes the model besides its parameters: plain data. */
export interface GlimpseDescription extends GlimpseOptions {
  readonly task: 'glimpse';
}
