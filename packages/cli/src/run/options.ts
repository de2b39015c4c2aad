import { Failure } from '../failure.ts';
import { flagOf } from '../options/parse.ts';
import { changeable, lasting, type TrainOptions } from '../options/train.ts';
import type { Trainable } from './trainable.ts';

type Rules<Options extends TrainOptions> = Pick<Trainable<Options>, 'defaults' | 'optional' | 'fileOptions'>;

/** The options that were given, with defaults for the rest. */
export function withDefaults<Options extends TrainOptions>(
  { defaults, optional, fileOptions }: Rules<Options>,
  said: Partial<Options>,
): Options {
  const names = [...Object.keys({ ...defaults, ...optional, ...lasting, ...changeable }), ...fileOptions];
  const values = names.map((name) => [name, said[name as keyof Options] ?? defaults[name as keyof Options]]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Options;
}

/**
 * The options of a resumed run: the stored ones, with a new end, new intervals or new places of its files.
 * @throws Failure naming the first option that a resumed run cannot change
 */
export function changedOptions<Options extends TrainOptions>(
  { defaults, optional, fileOptions }: Rules<Options>,
  options: Options,
  flags: Partial<Options>,
): Options {
  for (const [name, value] of Object.entries(flags)) {
    const stored = options[name as keyof Options];
    // A file may have moved; its content is compared.
    const moved = fileOptions.includes(name) && stored !== undefined;
    const isFixed = Object.hasOwn({ ...defaults, ...optional, ...lasting }, name) || fileOptions.includes(name);
    if (!isFixed || moved || stored === value) continue;
    const said = value === true ? flagOf(name) : `${flagOf(name)} ${value}`;
    throw new Failure(
      `${said}: this run was started ${stored === undefined ? 'without it' : `with ${stored}`}, which cannot be changed; ` +
        'leave the option out, or start a new run with --out',
      2,
    );
  }
  const said = Object.fromEntries(
    [...Object.keys(changeable), ...fileOptions].flatMap((name) => {
      const value = flags[name as keyof Options];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const newEnd = 'steps' in said || 'epochs' in said || 'seconds' in said;
  const { steps, epochs, seconds, ...rest } = options;
  return { ...(newEnd ? rest : options), ...(said as Partial<Options>) } as Options;
}

/** When a run ends: as the options say, or its task's default. */
export function endOf(
  { steps, epochs, seconds, accumulate = 1 }: TrainOptions,
  batchesPerEpoch: number,
  byDefault: Trainable['end'],
): { steps: number; seconds: number } {
  const said = steps !== undefined || epochs !== undefined || seconds !== undefined;
  const stepsIn = (n: number): number => Math.ceil((n * batchesPerEpoch) / accumulate);
  const byEpochs = epochs === undefined ? Infinity : stepsIn(epochs);
  return {
    steps: said ? Math.min(steps ?? Infinity, byEpochs) : Math.max(byDefault.steps, stepsIn(byDefault.epochs)),
    seconds: seconds ?? Infinity,
  };
}
