import type { RunSpec } from '../protocol.ts';

/** A word as a shell takes it: in quotes where it must be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The command that makes the same run, to the bit, as long as nothing is changed during it. */
export function commandOf(spec: RunSpec, textName: string): string {
  const { clipNorm, steps, ...rest } = spec;
  const options = { ...rest, 'clip-norm': clipNorm, ...(steps > 0 ? { steps } : {}) };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return `npx unrolled train ${[textName, ...words].map(shellWord).join(' ')}`;
}

/** A command about a run or a checkpoint: `npx unrolled sample runs/hello --seed 3`. */
export const commandAbout = (verb: string, path: string, words: readonly string[]): string =>
  `npx unrolled ${verb} ${[path, ...words].map(shellWord).join(' ')}`;
