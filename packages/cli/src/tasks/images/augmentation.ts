import { InvalidArgumentError, Option } from 'commander';
import type { AugmentationConfig } from 'unrolled/images';

/** Each way to vary images: what it is without a number, the range of the number, and what it sets. */
const ways: Readonly<
  Record<string, { usual: number; least: number; most: number; config(value: number): AugmentationConfig }>
> = {
  flip: { usual: 1, least: 1, most: 1, config: () => ({ flip: true }) },
  shift: { usual: 4, least: 1, most: 1000, config: (shift) => ({ shift: Math.round(shift) }) },
  rotate: { usual: 10, least: 0, most: 180, config: (rotate) => ({ rotate }) },
  zoom: { usual: 0.1, least: 0, most: 10, config: (zoom) => ({ zoom }) },
  crop: { usual: 0.5, least: 0.01, most: 1, config: (crop) => ({ crop }) },
  colour: {
    ...{ usual: 0.2, least: 0, most: 1 },
    config: (value) => ({ brightness: value, contrast: value, saturation: value }),
  },
  'cut-out': { usual: 8, least: 1, most: 1000, config: (side) => ({ cutOut: Math.round(side) }) },
};

const names = Object.keys(ways);

/** `flip,shift=4` as a configuration; 'auto' and 'none' as none. Or what is wrong with it. */
export function parseAugmentation(text: string): { config: AugmentationConfig | undefined; problem: string | null } {
  if (text === 'auto' || text === 'none') return { config: undefined, problem: null };
  let config: AugmentationConfig = {};
  for (const part of text.split(',')) {
    const [name, said] = part.trim().split('=');
    if (!Object.hasOwn(ways, name)) {
      return { config, problem: `'${name}' is not one of none, ${names.join(', ')}.` };
    }
    const { usual, least, most, config: set } = ways[name];
    const value = said === undefined ? usual : Number(said);
    if (!(value >= least && value <= most)) {
      return { config, problem: `${name} takes a number from ${least} to ${most}, as in ${name}=${usual}.` };
    }
    config = { ...config, ...set(value) };
  }
  return { config, problem: null };
}

/** @param description  with the default */
export const augmentOption = (description: string): Option =>
  new Option('--augment <list>', description).argParser((text) => {
    const { problem } = parseAugmentation(text);
    if (problem !== null) throw new InvalidArgumentError(problem);
    return text;
  });
