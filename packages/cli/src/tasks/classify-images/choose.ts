import type { NetworkName } from 'unrolled/vision';
import type { ImageOptions } from './options.ts';

/** What is known of the training images. */
export interface ImageFacts {
  /** Of the shorter side, in pixels. */
  readonly side: number;
  readonly grey: boolean;
  readonly count: number;
}

/** The options with what was left to us decided. */
export interface Chosen extends ImageOptions {
  readonly network: NetworkName;
  readonly size: number;
}

/** What suits images like these, and why; the figures are in docs/classify-images.md. */
interface Suggestion extends Partial<ImageOptions> {
  readonly network: NetworkName;
  readonly size: number;
  readonly epochs: number;
  readonly why: string;
}

function fromScratch({ side, grey, count }: ImageFacts): Suggestion {
  if (grey && side <= 40) {
    const size = Math.max(28, side);
    return { network: 'vgg-small', size, augment: 'shift=2', epochs: 15, why: 'small grey images' };
  }
  const augment = `flip,shift=${Math.max(2, Math.round(side / 8))}`;
  if (side <= 48) return { network: 'resnet20', size: Math.max(32, side), augment, epochs: 30, why: 'small images' };
  // Few photographs teach little more in full size.
  const size = count < 20_000 ? 64 : 96;
  return { network: 'resnet20', size, augment: 'flip,crop=0.4,colour', epochs: 60, why: 'photographs' };
}

/** For the head on a frozen backbone. */
const head = {
  ...{ optimizer: 'adam', lr: 1e-3, weightDecay: 1e-4, epochs: 60, augment: 'none', nesterov: false },
} as const satisfies Partial<ImageOptions>;

/** For a backbone that is trained on. */
const fineTuning = {
  optimizer: 'adam',
  lr: 1e-3,
  epochs: 10,
  augment: 'flip,crop=0.5,colour',
  nesterov: false,
} as const;

/**
 * Decides what the options leave open.
 * @param said  the options that were given
 * @param options  with defaults
 * @param size  of the backbone's input, where there is one
 */
export function choose(
  said: Partial<ImageOptions>,
  options: ImageOptions,
  facts: ImageFacts,
  size: number | null,
): { readonly chosen: Chosen; readonly about: string } {
  const scratch = fromScratch(facts);
  const { why, ...usual } = size === null ? scratch : { ...scratch, ...(said.freeze ? head : fineTuning), size };
  const ends = said.epochs !== undefined || said.steps !== undefined || said.seconds !== undefined;
  const open = Object.entries(usual).filter(
    ([name]) => isOpen(said[name as keyof ImageOptions]) && !(name === 'epochs' && ends),
  );
  const chosen = { ...options, ...Object.fromEntries(open) } as Chosen;
  const named = ['network', 'size', 'augment', 'epochs'].filter((name) => open.some(([other]) => other === name));
  const flags = named
    .filter((name) => name !== 'network' || size === null)
    .map((name) => `--${name} ${chosen[name as keyof Chosen]}`);
  const reason = size === null ? why : said.freeze ? 'a head on frozen features' : 'fine-tuning';
  return { chosen, about: flags.length === 0 ? '' : `Chosen: ${flags.join(' ')}: ${reason}` };
}

const isOpen = (value: unknown): boolean => value === undefined || value === 'auto';
