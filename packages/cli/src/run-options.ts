import { Failure } from './failure.ts';
import { type CommonOptions, changeable, flagOf } from './options.ts';
import type { Trainable } from './trainable.ts';

type Rules<Options extends CommonOptions> = Pick<Trainable<Options>, 'defaults' | 'optional' | 'fileOptions'>;

/** What was said, and defaults for the rest; what has none is left out. */
export function withDefaults<Options extends CommonOptions>(
  { defaults, optional, fileOptions }: Rules<Options>,
  said: Partial<Options>,
): Options {
  const names = [...Object.keys(defaults), ...Object.keys(optional), ...fileOptions, ...changeable, 'blas'];
  const values = names.map((name) => [name, said[name as keyof Options] ?? defaults[name as keyof Options]]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Options;
}

/**
 * The options of a run that goes on: what was stored, with a new end or new intervals where they are given.
 * @throws Failure naming the first option that cannot be changed in a run that goes on
 */
export function changedOptions<Options extends CommonOptions>(
  { defaults, optional, fileOptions }: Rules<Options>,
  options: Options,
  flags: Partial<Options>,
): Options {
  for (const [name, value] of Object.entries(flags)) {
    const stored = options[name as keyof Options];
    const fixed = Object.hasOwn(defaults, name) || Object.hasOwn(optional, name) || fileOptions.includes(name);
    if (!fixed || stored === value) continue;
    const said = value === true ? flagOf(name) : `${flagOf(name)} ${value}`;
    throw new Failure(
      `${said}: this run was begun ${stored === undefined ? 'without' : `with ${stored}`} and goes on so; ` +
        'leave the option out, or train anew with --out',
      2,
    );
  }
  const said = Object.fromEntries(
    changeable.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
  );
  const newEnd = 'steps' in said || 'epochs' in said || 'seconds' in said;
  const { steps, epochs, seconds, ...rest } = options;
  const blas = flags.blas ?? options.blas;
  return { ...(newEnd ? rest : options), ...said, ...(blas === undefined ? {} : { blas }) } as Options;
}

/** When a run ends: what was said, or what its task has by default. */
export function endOf(
  { steps, epochs, seconds }: CommonOptions,
  stepsPerEpoch: number,
  byDefault: Trainable['end'],
): { steps: number; seconds: number } {
  const said = steps !== undefined || epochs !== undefined || seconds !== undefined;
  const byEpochs = epochs === undefined ? Infinity : Math.ceil(epochs * stepsPerEpoch);
  return {
    steps: said ? Math.min(steps ?? Infinity, byEpochs) : Math.max(byDefault.steps, byDefault.epochs * stepsPerEpoch),
    seconds: seconds ?? Infinity,
  };
}
