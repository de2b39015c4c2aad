import { count, flag, limit, number, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { configOf } from '../named.ts';

interface Decay {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly decayRate: number;
  /** Only at whole multiples of `decaySteps`. Default false. */
  readonly staircase?: boolean;
}

interface Options {
  /** r₀·rateˢᐟⁿ after s steps. */
  readonly exponentialDecay: Decay;
  /** r₀/(1 + rate·s/n). */
  readonly inverseTimeDecay: Decay;
  /** `values[i]` up to and including step `boundaries[i]`; the last value after all. */
  readonly piecewiseConstantDecay: { readonly boundaries: readonly number[]; readonly values: readonly number[] };
  readonly polynomialDecay: {
    readonly initialLearningRate: number;
    readonly decaySteps: number;
    /** Default 0.0001. */
    readonly endLearningRate?: number;
    /** Default 1. */
    readonly power?: number;
    /** Begin again at the end, over more steps. Default false. */
    readonly cycle?: boolean;
  };
  readonly cosineDecay: {
    readonly initialLearningRate: number;
    readonly decaySteps: number;
    /** The share of the rate at the end. Default 0. */
    readonly alpha?: number;
    /** The rate at the end of a linear warm-up over `warmupSteps`. Default: no warm-up. */
    readonly warmupTarget?: number;
    readonly warmupSteps?: number;
  };
  readonly cosineDecayRestarts: {
    readonly initialLearningRate: number;
    readonly firstDecaySteps: number;
    /** How much longer each period is. Default 2. */
    readonly tMul?: number;
    /** The share of the rate at each restart. Default 1. */
    readonly mMul?: number;
    readonly alpha?: number;
  };
}

/** A learning-rate schedule: its name and options. */
export type LearningRateSchedule = { [Name in keyof Options]: { readonly name: Name } & Options[Name] }[keyof Options];

const rate = { ...number({ from: 0 }), optional: false };
const steps = { ...number({ above: 0 }), optional: false };
const list = {
  must: 'a list of numbers',
  fits: (value: unknown) => Array.isArray(value) && value.every(Number.isFinite),
  optional: false,
};
const decay = { initialLearningRate: rate, decaySteps: steps, decayRate: rate, staircase: flag };
const kinds = {
  exponentialDecay: decay,
  inverseTimeDecay: decay,
  piecewiseConstantDecay: { boundaries: list, values: list },
  polynomialDecay: {
    initialLearningRate: rate,
    decaySteps: steps,
    endLearningRate: limit,
    power: number(),
    cycle: flag,
  },
  cosineDecay: {
    initialLearningRate: rate,
    decaySteps: steps,
    alpha: number(),
    warmupTarget: limit,
    warmupSteps: count,
  },
  cosineDecayRestarts: {
    initialLearningRate: rate,
    firstDecaySteps: steps,
    tMul: number(),
    mMul: number(),
    alpha: number(),
  },
};

/** @throws ConfigError on an unknown name or option, or a value that cannot work */
export function requireSchedule(place: string, schedule: LearningRateSchedule): void {
  const { name, ...options } = configOf<Options>(place, schedule as never, kinds);
  requireOptions(`${place} '${name}'`, options, kinds[name] as never);
  if (schedule.name === 'piecewiseConstantDecay' && schedule.values.length !== schedule.boundaries.length + 1) {
    throw new ConfigError(`${place}: there must be one value more than boundaries`, { schedule });
  }
}

const cosine = (share: number): number => 0.5 * (1 + Math.cos(Math.PI * share));

/** The learning rate of the update after `step` others. */
export function scheduledRate(schedule: LearningRateSchedule, step: number): number {
  switch (schedule.name) {
    case 'exponentialDecay': {
      const share = step / schedule.decaySteps;
      return schedule.initialLearningRate * schedule.decayRate ** (schedule.staircase ? Math.floor(share) : share);
    }
    case 'inverseTimeDecay': {
      const share = step / schedule.decaySteps;
      return schedule.initialLearningRate / (1 + schedule.decayRate * (schedule.staircase ? Math.floor(share) : share));
    }
    case 'piecewiseConstantDecay': {
      const place = schedule.boundaries.findIndex((boundary) => step <= boundary);
      return schedule.values.at(place)!;
    }
    case 'polynomialDecay': {
      const { initialLearningRate, decaySteps, endLearningRate = 1e-4, power = 1, cycle = false } = schedule;
      const length = cycle ? decaySteps * Math.max(1, Math.ceil(step / decaySteps)) : decaySteps;
      const at = cycle ? step : Math.min(step, decaySteps);
      return (initialLearningRate - endLearningRate) * (1 - at / length) ** power + endLearningRate;
    }
    case 'cosineDecay': {
      const { initialLearningRate, decaySteps, alpha = 0, warmupTarget, warmupSteps = 0 } = schedule;
      const top = warmupTarget ?? initialLearningRate;
      if (warmupTarget !== undefined && step < warmupSteps) {
        return initialLearningRate + (warmupTarget - initialLearningRate) * (step / warmupSteps);
      }
      const from = warmupTarget === undefined ? step : step - warmupSteps;
      return top * ((1 - alpha) * cosine(Math.min(from, decaySteps) / decaySteps) + alpha);
    }
    case 'cosineDecayRestarts': {
      const { initialLearningRate, firstDecaySteps, tMul = 2, mMul = 1, alpha = 0 } = schedule;
      let [start, length, factor] = [0, firstDecaySteps, 1];
      while (step >= start + length) {
        start += length;
        length *= tMul;
        factor *= mMul;
      }
      return initialLearningRate * ((1 - alpha) * factor * cosine((step - start) / length) + alpha);
    }
  }
}
