import { flag, type Kind, limit, number, requireOptions } from '../../checks.ts';
import { configOf, type Named } from '../named.ts';
import { type LearningRateSchedule, requireSchedule } from './schedules.ts';

/** Options of all optimizers. */
interface Common {
  readonly learningRate?: number | LearningRateSchedule;
  /** λ: before each update w −= rate·λ·w. Default: none; 0.004 for adamw. */
  readonly weightDecay?: number | null;
  /** Scales the gradient of each weight so that its norm is at most this. */
  readonly clipnorm?: number | null;
  /** The same for all weights together. */
  readonly globalClipnorm?: number | null;
  /** Cuts each number of a gradient to ±this. */
  readonly clipvalue?: number | null;
}

interface Moments {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

interface Options {
  /** Default rate 0.01. v = μv − rate·g, w += v; with `nesterov` w += μv − rate·g. */
  readonly sgd: Common & { readonly momentum?: number; readonly nesterov?: boolean };
  /** Default rate 0.001. */
  readonly rmsprop: Common & {
    /** Default 0.9. */
    readonly rho?: number;
    /** Default 0. */
    readonly momentum?: number;
    readonly epsilon?: number;
    /** Divide by the deviation of the gradient, not by its root mean square. Default false. */
    readonly centered?: boolean;
  };
  /** Default rate 0.001. */
  readonly adam: Common & Moments & { readonly amsgrad?: boolean };
  readonly adamw: Common & Moments & { readonly amsgrad?: boolean };
  /** Default rate 0.001. */
  readonly adadelta: Common & { readonly rho?: number; readonly epsilon?: number };
  /** Default rate 0.001. */
  readonly adagrad: Common & { readonly initialAccumulatorValue?: number; readonly epsilon?: number };
  readonly adamax: Common & Moments;
  readonly nadam: Common & Moments;
  /** Default rate 0.001. */
  readonly ftrl: Common & {
    readonly learningRatePower?: number;
    readonly initialAccumulatorValue?: number;
    readonly l1RegularizationStrength?: number;
    readonly l2RegularizationStrength?: number;
    readonly beta?: number;
  };
  /** Default rate 0.001. */
  readonly lion: Common & { readonly beta1?: number; readonly beta2?: number };
}

/** An optimizer: its name, or its name with options, `{ name: 'adam', learningRate: 3e-4 }`. */
export type OptimizerConfig = Named<Options>;
/** With its options by name. */
export type Config = Exclude<OptimizerConfig, string>;

const share = number({ from: 0, below: 1 });
export const positive = number({ from: 0 });
const orNull = (kind: Kind): Kind => ({ ...kind, fits: (value) => value === null || kind.fits(value) });
const learningRate: Kind = {
  must: 'a number from 0, or a schedule',
  fits(value) {
    if (typeof value !== 'object' || value === null) return positive.fits(value);
    requireSchedule('learningRate', value as LearningRateSchedule);
    return true;
  },
};
const common = {
  learningRate,
  weightDecay: orNull(positive),
  clipnorm: orNull(limit),
  globalClipnorm: orNull(limit),
  clipvalue: orNull(limit),
};
const moments = { beta1: share, beta2: share, epsilon: positive };
const kinds = {
  sgd: { ...common, momentum: share, nesterov: flag },
  rmsprop: { ...common, rho: share, momentum: share, epsilon: positive, centered: flag },
  adam: { ...common, ...moments, amsgrad: flag },
  adamw: { ...common, ...moments, amsgrad: flag },
  adadelta: { ...common, rho: share, epsilon: positive },
  adagrad: { ...common, initialAccumulatorValue: positive, epsilon: positive },
  adamax: { ...common, ...moments },
  nadam: { ...common, ...moments },
  ftrl: {
    ...common,
    learningRatePower: number({ to: 0 }),
    initialAccumulatorValue: positive,
    l1RegularizationStrength: positive,
    l2RegularizationStrength: positive,
    beta: positive,
  },
  lion: { ...common, beta1: share, beta2: share },
};

/** @throws ConfigError on an unknown name or option, or a value that cannot work */
export function optimizerConfig(given: OptimizerConfig): Config {
  const { name, ...options } = configOf<Options>('optimizer', given, kinds);
  requireOptions(`optimizer '${name}'`, options, kinds[name] as never);
  return { ...options, name } as Config;
}
