import { splitText } from 'unrolled/tasks/language-model';
import { Failure } from './failure.ts';
import { changeable, defaults, flagOf, optional, type TrainingOptions } from './options.ts';

/** Defaults where nothing was said; a text too short for the default batch gets a smaller one. */
export function resolveOptions(flags: Partial<TrainingOptions>, tokenCount: number): TrainingOptions {
  const names = [...Object.keys(defaults), ...optional, ...changeable] as (keyof TrainingOptions)[];
  const options = Object.fromEntries(
    names
      .map((name) => [name, flags[name] ?? (defaults as Partial<TrainingOptions>)[name]])
      .filter(([, value]) => value !== undefined),
  ) as unknown as TrainingOptions;
  if (flags.blas !== undefined) options.blas = flags.blas;
  const { length } = splitText(new Int32Array(tokenCount)).train;
  const longest = Math.floor((length - 1) / (flags.batch ?? 1));
  if (flags.seq !== undefined && flags.seq > longest) {
    throw new Failure(
      `--seq ${flags.seq}: the text has ${length} tokens to train on, so ${flags.batch ? `rows of --batch ${flags.batch} have` : 'a row has'} ` +
        `at most ${Math.max(0, longest)} steps; lower it, or give more text`,
    );
  }
  // Four chunks in each row are the least that make carrying a state worth anything.
  if (flags.batch === undefined) {
    options.batch = Math.max(1, Math.min(options.batch, Math.floor(length / (4 * options.seq))));
  }
  if (flags.seq === undefined) {
    options.seq = Math.max(1, Math.min(options.seq, Math.floor((length - 1) / options.batch)));
  }
  return options;
}

/** Whether the text was too short for the batch and the steps asked for, or the default ones. */
export function wereLowered(options: TrainingOptions, flags: Partial<TrainingOptions>): boolean {
  return options.batch < (flags.batch ?? defaults.batch) || options.seq < (flags.seq ?? defaults.seq);
}

/**
 * The options of a run that goes on: what was stored, with a new end or new intervals where they are given.
 * @throws Failure naming the first option that cannot be changed in a run that goes on
 */
export function changedOptions(options: TrainingOptions, flags: Partial<TrainingOptions>): TrainingOptions {
  for (const [name, value] of Object.entries(flags)) {
    const stored = options[name as keyof TrainingOptions];
    const fixed = Object.hasOwn(defaults, name) || optional.some((other) => other === name);
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
  return { ...(newEnd ? rest : options), ...said, ...(blas === undefined ? {} : { blas }) };
}

/** Steps between validations, samples and checkpoints where nothing was said: half an epoch, within reason. */
export function intervalOf(stepsPerEpoch: number): number {
  return Math.min(1000, Math.max(100, Math.round(stepsPerEpoch / 2)));
}

/**
 * How many tokens to validate on, so that it takes about a tenth of the time: to foretell a token costs a third of
 * learning from it. Whoever says how often to validate gets the whole part.
 */
export function validationTokensOf(
  { validateEvery, batch, seq }: TrainingOptions,
  stepsPerEpoch: number,
): number | undefined {
  return validateEvery === undefined ? Math.round(0.3 * intervalOf(stepsPerEpoch) * batch * seq) : undefined;
}

/** When a run ends: what was said, or 20 epochs and at least 1,000 steps. */
export function endOf(
  { steps, epochs, seconds }: TrainingOptions,
  stepsPerEpoch: number,
): { steps: number; seconds: number } {
  const said = steps !== undefined || epochs !== undefined || seconds !== undefined;
  const byEpochs = epochs === undefined ? Infinity : Math.ceil(epochs * stepsPerEpoch);
  return {
    steps: said ? Math.min(steps ?? Infinity, byEpochs) : Math.max(1000, 20 * stepsPerEpoch),
    seconds: seconds ?? Infinity,
  };
}
