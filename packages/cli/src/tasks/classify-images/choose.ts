import type { NetworkName } from 'unrolled/vision';
import { type ImageOptions, isNetworkFile } from './options.ts';

/** What is known of the training images. */
export interface ImageFacts {
  /** Of the shorter side, in pixels. */
  readonly side: number;
  readonly grey: boolean;
}

/** The options with what was left to us decided; network and size stay open with a backbone, whose file has them. */
export type Chosen = ImageOptions;

/** What suits images like these, and why; the figures are in docs/classify-images.md. */
interface Suggestion extends Partial<ImageOptions> {
  readonly network: NetworkName;
  readonly width: number;
  readonly size: number;
  readonly epochs: number;
  readonly why: string;
}

function fromScratch({ side, grey }: ImageFacts): Suggestion {
  const network = 'vgg-small';
  if (grey && side <= 40) {
    const size = Math.max(28, side);
    return { network, width: 0.25, size, augment: 'shift=2', epochs: 12, why: 'small grey images' };
  }
  if (side <= 48) {
    const [size, shift, cut] = [Math.max(32, side), Math.round(side / 8), Math.round(side / 4)];
    const augment = `flip,shift=${Math.max(1, shift)},cut-out=${Math.max(1, cut)}`;
    return { network, width: 0.5, size, augment, epochs: 40, why: 'small images' };
  }
  return { network, width: 0.5, size: 64, augment: 'flip,crop=0.4,colour=0.2', epochs: 40, why: 'photographs' };
}

/** For the head on a frozen backbone. */
const head = {
  ...{ optimizer: 'adamw', lr: 1e-3, weightDecay: 0.05, nesterov: false, epochs: 20 },
  ...{ augment: 'none', mirror: 'yes', features: 'stage', headHidden: 512, dropout: 0.5 },
} as const satisfies Partial<ImageOptions>;

/** For a backbone that is trained on. */
const fineTuning = {
  optimizer: 'adamw',
  lr: 1e-3,
  weightDecay: 0.01,
  epochs: 10,
  augment: 'flip,crop=0.5,colour',
  nesterov: false,
} as const;

/**
 * Decides what the options leave open.
 * @param said  the options that were given
 * @param options  with defaults
 * @param pretrained  whether there is a backbone
 */
export function choose(
  said: Partial<ImageOptions>,
  options: ImageOptions,
  facts: ImageFacts,
  pretrained: boolean,
): { readonly chosen: Chosen; readonly about: string } {
  const scratch = fromScratch(facts);
  const { why, ...usual } = pretrained ? { why: '', ...(said.freeze ? head : fineTuning) } : scratch;
  const ends = said.epochs !== undefined || said.steps !== undefined || said.seconds !== undefined;
  const open = Object.entries(usual).filter(
    ([name]) =>
      isOpen(said[name as keyof ImageOptions]) &&
      !(name === 'epochs' && ends) &&
      // A file has its own.
      !(name === 'width' && isNetworkFile(options.network)),
  );
  const chosen = { ...options, ...Object.fromEntries(open) } as Chosen;
  const named = ['network', 'width', 'size', 'augment', 'epochs'].filter((name) =>
    open.some(([other]) => other === name),
  );
  const flags = named.map((name) => `--${name} ${chosen[name as keyof Chosen]}`);
  const reason = !pretrained ? why : said.freeze ? 'a head on frozen features' : 'fine-tuning';
  return { chosen, about: flags.length === 0 ? '' : `Chosen: ${flags.join(' ')}: ${reason}` };
}

const isOpen = (value: unknown): boolean => value === undefined || value === 'auto';
