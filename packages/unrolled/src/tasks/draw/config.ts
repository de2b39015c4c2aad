import { count, type Kinds, required, requireOptions, whole } from '../../checks.ts';

/** Configuration of a model that draws, as plain data. */
export interface DrawConfig {
  /** Height and width of the images, in pixels. */
  readonly height: number;
  readonly width: number;
  /** T, steps in which an image is read and drawn. */
  readonly glimpses: number;
  /** H, hidden units of the encoder, and of the decoder. */
  readonly hidden: number;
  /** Z, latent numbers of a step. */
  readonly latent: number;
  /** N, filters along each axis of what the encoder reads; 0: the whole image, without attention. Default 2, the paper's. */
  readonly read?: number | undefined;
  /** N of what the decoder writes; 0: the whole canvas, without attention. Default 5, the paper's. */
  readonly write?: number | undefined;
}

/** Larger sizes, as an altered file may have them, would fill the memory. */
const longest = 1024;
const side = required(whole({ from: 1, to: longest }));
const filters = whole({ from: 0, to: longest });

export const drawKinds: Kinds<DrawConfig> = {
  height: side,
  width: side,
  glimpses: required(whole({ from: 1, to: longest })),
  hidden: required(count),
  latent: required(count),
  read: filters,
  write: filters,
};

/** The configuration with its defaults filled in. @throws ConfigError on an invalid size */
export function completeConfig(config: DrawConfig): Required<DrawConfig> {
  requireOptions('draw', config, drawKinds);
  const { read = 2, write = 5, ...sizes } = config;
  return { ...sizes, read, write };
}

/** Everything that makes the model besides its parameters: plain data. */
export interface DrawDescription {
  readonly task: 'draw';
  readonly config: DrawConfig;
}
