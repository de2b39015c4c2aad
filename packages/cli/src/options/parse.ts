import { InvalidArgumentError, Option } from 'commander';

/** `clipNorm` → `--clip-norm`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export const whole =
  (lowest: number, highest = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < lowest || value > highest) {
      const range = highest === Number.MAX_SAFE_INTEGER ? `from ${lowest}` : `from ${lowest} to ${highest}`;
      throw new InvalidArgumentError(`It must be a whole number ${range}.`);
    }
    return value;
  };

export const number =
  (fits: (value: number) => boolean, words: string) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !fits(value)) {
      throw new InvalidArgumentError(`It must be a number ${words}.`);
    }
    return value;
  };

export function folderName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must name a folder.');
  return text;
}

export const positive = number((value) => value > 0, 'above 0');
export const notNegative = number((value) => value >= 0, 'from 0');
/** A rate, or a part of a whole. */
export const share = number((value) => value >= 0 && value < 1, 'from 0, below 1');

export const option = (flags: string, description: string, parse: (text: string) => number): Option =>
  new Option(flags, description).argParser(parse);
export const choice = (flags: string, description: string, names: readonly string[]): Option =>
  new Option(flags, description).choices(names);
