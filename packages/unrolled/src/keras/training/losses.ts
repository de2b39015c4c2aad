import { flag, number, requireOptions, whole } from '../../checks.ts';
import { DataError, ShapeError } from '../../errors.ts';
import {
  abs,
  add,
  crossEntropy,
  div,
  lessEqual,
  log,
  logSoftmax,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  reshape,
  scale,
  select,
  softplus,
  sqrt,
  square,
  sub,
  sum,
} from '../../ops/index.ts';
import { formatShape, sameShape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { logitsBehind } from '../activations.ts';
import { configOf, type Named } from '../named.ts';

interface Logits {
  /** Whether the predictions are logits, not probabilities. Default false. */
  readonly fromLogits?: boolean;
}
interface Smoothing extends Logits {
  /** ε: targets become (1 − ε)·y + ε/classes. Default 0. */
  readonly labelSmoothing?: number;
}
interface Focal extends Smoothing {
  /** α, the weight of class 1, and γ. Defaults 0.25 and 2. */
  readonly alpha?: number;
  readonly gamma?: number;
}

export interface LossOptions {
  readonly meanSquaredError: object;
  readonly meanAbsoluteError: object;
  readonly meanAbsolutePercentageError: object;
  readonly meanSquaredLogarithmicError: object;
  readonly cosineSimilarity: object;
  readonly huber: { readonly delta?: number };
  readonly logCosh: object;
  readonly binaryCrossentropy: Smoothing;
  readonly binaryFocalCrossentropy: Focal & { readonly applyClassBalancing?: boolean };
  readonly categoricalCrossentropy: Smoothing;
  readonly categoricalFocalCrossentropy: Focal;
  /** Targets are ids; those equal to `ignoreClass` do not count. */
  readonly sparseCategoricalCrossentropy: Logits & { readonly ignoreClass?: number };
  readonly poisson: object;
  readonly klDivergence: object;
  readonly hinge: object;
  readonly squaredHinge: object;
  readonly categoricalHinge: object;
  readonly dice: object;
  /** α of false positives, β of false negatives. Defaults 0.5. */
  readonly tversky: { readonly alpha?: number; readonly beta?: number };
}

const share = number({ from: 0, below: 1 });
const smoothing = { fromLogits: flag, labelSmoothing: share };
const focal = { ...smoothing, alpha: number({ from: 0, to: 1 }), gamma: number({ from: 0 }) };
const kinds = {
  meanSquaredError: {},
  meanAbsoluteError: {},
  meanAbsolutePercentageError: {},
  meanSquaredLogarithmicError: {},
  cosineSimilarity: {},
  huber: { delta: number({ above: 0 }) },
  logCosh: {},
  binaryCrossentropy: smoothing,
  binaryFocalCrossentropy: { ...focal, applyClassBalancing: flag },
  categoricalCrossentropy: smoothing,
  categoricalFocalCrossentropy: focal,
  sparseCategoricalCrossentropy: { fromLogits: flag, ignoreClass: whole({}) },
  poisson: {},
  klDivergence: {},
  hinge: {},
  squaredHinge: {},
  categoricalHinge: {},
  dice: {},
  tversky: { alpha: number({ from: 0 }), beta: number({ from: 0 }) },
};

const shortNames = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
  msle: 'meanSquaredLogarithmicError',
} as const;

/** A loss of your own: the losses of the samples of a batch, `[B]` or `[B, …]`, from targets and predictions. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** A loss as data: its name, or its name with options. */
export type LossConfig = Named<LossOptions> | ShortName | { readonly name: ShortName };
type ShortName = keyof typeof shortNames;
export type Loss = LossConfig | LossFunction;

/** The full name of a loss. */
export const longName = (given: string): string =>
  Object.hasOwn(shortNames, given) ? shortNames[given as keyof typeof shortNames] : given;

export const isLossName = (name: string): boolean => Object.hasOwn(kinds, longName(name));

/** A loss, ready for use. */
export interface SampleLoss {
  readonly name: string;
  /** Whether its targets are ids, `[B, …]` for predictions `[B, …, V]`. */
  readonly takesIds: boolean;
  /** The class whose positions do not count. */
  readonly ignoreClass: number | null;
  /** One loss for each sample, or for each step of it, and what they are divided by is up to the caller. */
  of(yTrue: Tensor, yPred: Tensor): Tensor;
}

/** @throws ConfigError on an unknown name or option */
export function lossFrom(place: string, given: Loss): SampleLoss {
  if (typeof given === 'function') {
    return { name: given.name || 'loss', takesIds: false, ignoreClass: null, of: given };
  }
  const named = typeof given === 'string' ? longName(given) : { ...given, name: longName(given.name) };
  const config = configOf<LossOptions>(place, named as Named<LossOptions>, { ...kinds, ...shortNames });
  const { name, ...options } = config;
  requireOptions(`${place} '${name}'`, options, kinds[name] as never);
  const takesIds = config.name === 'sparseCategoricalCrossentropy';
  return {
    name,
    takesIds,
    ignoreClass: takesIds ? (config.ignoreClass ?? null) : null,
    of: (yTrue, yPred) => lossOf(config, yTrue, yPred),
  };
}

const epsilon = 1e-7;
const average = (x: Tensor): Tensor => mean(x, { axes: -1 });
const total = (x: Tensor): Tensor => sum(x, { axes: -1 });
const clip = (x: Tensor, from: number, to: number): Tensor => minimum(maximum(x, from), to);
const unit = (x: Tensor): Tensor => div(x, sqrt(maximum(sum(square(x), { axes: -1, keepDims: true }), 1e-12)));
/** Targets 0 and 1 as −1 and 1; others as they are. */
const signs = (y: Tensor): Tensor => select(lessEqual(y, 0), -1, y);

function lossOf(config: Exclude<Named<LossOptions>, string>, y: Tensor, p: Tensor): Tensor {
  if (config.name !== 'sparseCategoricalCrossentropy' && !sameShape(y.shape, p.shape)) {
    throw new ShapeError(
      `${config.name}: targets ${formatShape(y.shape)} and predictions ${formatShape(p.shape)} differ; ` +
        (config.name === 'categoricalCrossentropy'
          ? "for targets that are ids use 'sparseCategoricalCrossentropy'"
          : 'make them alike'),
      { targets: y.shape, predictions: p.shape },
    );
  }
  switch (config.name) {
    case 'meanSquaredError':
      return average(square(sub(p, y)));
    case 'meanAbsoluteError':
      return average(abs(sub(p, y)));
    case 'meanAbsolutePercentageError':
      return scale(average(abs(div(sub(y, p), maximum(abs(y), epsilon)))), 100);
    case 'meanSquaredLogarithmicError': {
      const logs = [p, y].map((x) => log(add(maximum(x, epsilon), 1)));
      return average(square(sub(logs[0], logs[1])));
    }
    case 'cosineSimilarity':
      return neg(total(mul(unit(y), unit(p))));
    case 'huber': {
      const { delta = 1 } = config;
      const error = abs(sub(p, y));
      return average(
        select(lessEqual(error, delta), scale(square(error), 0.5), add(scale(error, delta), -0.5 * delta ** 2)),
      );
    }
    case 'logCosh': {
      const error = sub(p, y);
      return average(add(add(error, softplus(scale(error, -2))), -Math.LN2));
    }
    case 'binaryCrossentropy':
      return average(binary(y, p, config));
    case 'binaryFocalCrossentropy': {
      const { alpha = 0.25, gamma = 2, applyClassBalancing = false } = config;
      const probability = config.fromLogits ? div(1, add(expNeg(p), 1)) : p;
      const right = add(mul(y, probability), mul(sub(1, y), sub(1, probability)));
      const focused = mul(power(sub(1, right), gamma), binary(y, p, config));
      if (!applyClassBalancing) return average(focused);
      return average(mul(add(scale(y, alpha), scale(sub(1, y), 1 - alpha)), focused));
    }
    case 'categoricalCrossentropy':
      return neg(total(mul(smoothed(y, config), logProbabilities(p, config))));
    case 'categoricalFocalCrossentropy': {
      const { alpha = 0.25, gamma = 2 } = config;
      const logs = logProbabilities(p, config);
      const focus = scale(power(sub(1, expOf(logs)), gamma), -alpha);
      return total(mul(focus, mul(smoothed(y, config), logs)));
    }
    case 'sparseCategoricalCrossentropy':
      return sparse(y, p, config);
    case 'poisson':
      return average(sub(p, mul(y, log(add(p, epsilon)))));
    case 'klDivergence': {
      const [t, q] = [clip(y, epsilon, 1), clip(p, epsilon, 1)];
      return total(mul(t, log(div(t, q))));
    }
    case 'hinge':
      return average(maximum(sub(1, mul(signs(y), p)), 0));
    case 'squaredHinge':
      return average(square(maximum(sub(1, mul(signs(y), p)), 0)));
    case 'categoricalHinge': {
      const right = total(mul(y, p));
      const wrong = max(mul(sub(1, y), p), { axes: -1 });
      return maximum(add(sub(wrong, right), 1), 0);
    }
    case 'dice':
      return overlap(y, p, 0.5, 0.5);
    case 'tversky':
      return overlap(y, p, config.alpha ?? 0.5, config.beta ?? 0.5);
  }
}

const expOf = (x: Tensor): Tensor => x.exp();
const expNeg = (x: Tensor): Tensor => neg(x).exp();
const power = (x: Tensor, exponent: number): Tensor =>
  exponent === 2 ? square(x) : scale(log(maximum(x, epsilon)), exponent).exp();

/** 1 − Tversky's index of each sample, over all that it has. */
function overlap(y: Tensor, p: Tensor, alpha: number, beta: number): Tensor {
  const flat = (x: Tensor): Tensor => reshape(x, [x.shape[0], -1]);
  const both = total(mul(flat(y), flat(p)));
  const [wrong, missed] = [total(mul(sub(1, flat(y)), flat(p))), total(mul(flat(y), sub(1, flat(p))))];
  const index = div(add(both, epsilon), add(add(both, epsilon), add(scale(wrong, alpha), scale(missed, beta))));
  return sub(1, index);
}

function smoothed(y: Tensor, { labelSmoothing = 0 }: Smoothing): Tensor {
  if (labelSmoothing === 0) return y;
  return add(scale(y, 1 - labelSmoothing), labelSmoothing / y.shape.at(-1)!);
}

/** Elementwise. Where a sigmoid gave the predictions, from its logits, which cannot overflow. */
function binary(given: Tensor, p: Tensor, { fromLogits = false, labelSmoothing = 0 }: Smoothing): Tensor {
  const y = labelSmoothing > 0 ? add(scale(given, 1 - labelSmoothing), labelSmoothing / 2) : given;
  const z = fromLogits ? p : logitsBehind(p);
  if (z) return sub(softplus(z), mul(z, y));
  const q = clip(p, epsilon, 1 - epsilon);
  return neg(add(mul(y, log(q)), mul(sub(1, y), log(sub(1, q)))));
}

/** log p. Where a softmax gave the predictions, from its logits. */
function logProbabilities(p: Tensor, { fromLogits = false }: Logits): Tensor {
  const z = fromLogits ? p : logitsBehind(p);
  if (z) return logSoftmax(z);
  const rows = div(p, sum(p, { axes: -1, keepDims: true }));
  return log(clip(rows, epsilon, 1 - epsilon));
}

function sparse(y: Tensor, p: Tensor, { fromLogits = false, ignoreClass }: Logits & { ignoreClass?: number }): Tensor {
  const ids = y.ids;
  const V = p.shape.at(-1)!;
  const odd = ids?.findIndex((id) => id !== ignoreClass && (id < 0 || id >= V)) ?? -1;
  if (odd >= 0) {
    throw new DataError(
      `sparseCategoricalCrossentropy: target ${ids![odd]} is none of the ${V} classes of the output, which are 0 to ${V - 1}`,
      { target: ids![odd], classes: V },
    );
  }
  const z = fromLogits ? p : (logitsBehind(p) ?? log(clip(div(p, sum(p, { axes: -1, keepDims: true })), epsilon, 1)));
  // A negative id is ignored.
  const targets =
    ignoreClass !== undefined && ids
      ? y.device.ids(
          ids.map((id) => (id === ignoreClass ? -1 : id)),
          y.shape,
        )
      : y;
  return crossEntropy(z, targets);
}

/** Targets in the shape that a prediction wants: `[B]` for `[B, 1]`, and ids `[B, 1]` for `[B, V]`. */
export function fittingShape(yTrue: readonly number[], yPred: readonly number[], takesIds: boolean): readonly number[] {
  if (takesIds) return yTrue.length === yPred.length && yTrue.at(-1) === 1 ? yTrue.slice(0, -1) : yTrue;
  return yTrue.length + 1 === yPred.length && yPred.at(-1) === 1 ? [...yTrue, 1] : yTrue;
}
