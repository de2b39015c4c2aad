import { count, number, oneOf, requireOptions, shown, text } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { argmax } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { configOf, type Named } from '../named.ts';
import { ConfusionMetric, CurveMetric, RegressionMetric } from './counted-metrics.ts';
import { isLossName, type LossConfig, type LossFunction, type LossOptions, longName, lossFrom } from './losses.ts';

/** Numbers of a batch. */
export interface Values {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** A metric over the batches of an epoch. */
export interface Metric {
  readonly name: string;
  /** Whether its targets are ids. */
  readonly takesIds: boolean;
  /** What it reads of a batch, computed on the device. */
  prepare(yTrue: Tensor, yPred: Tensor): Tensor;
  /** @param weights  of each sample, or of each step of it; null: all alike */
  update(prepared: Values, yTrue: Values, weights: Values | null): void;
  result(): number;
  reset(): void;
}

interface Threshold {
  /** Predictions above it are 1. Default 0.5. */
  readonly threshold?: number;
}
interface Thresholds {
  /** Default 0.5. */
  readonly threshold?: number;
  /** Only this class, of predictions `[…, classes]`. */
  readonly classId?: number;
  /** Only the k greatest predictions of a row are 1. */
  readonly topK?: number;
}
interface AtValue {
  /** Thresholds that are tried. Default 200. */
  readonly numThresholds?: number;
}
interface Averaged {
  /** Over classes: null for each alone is not offered. Default 'macro'. */
  readonly average?: 'micro' | 'macro' | 'weighted';
  readonly threshold?: number;
}

interface Options {
  /** Of binary, one-hot or id targets, as the loss and the output have them. */
  readonly accuracy: object;
  readonly binaryAccuracy: Threshold;
  readonly categoricalAccuracy: object;
  readonly sparseCategoricalAccuracy: object;
  readonly topKCategoricalAccuracy: { readonly k?: number };
  readonly sparseTopKCategoricalAccuracy: { readonly k?: number };
  readonly rootMeanSquaredError: object;
  readonly r2Score: object;
  readonly precision: Thresholds;
  readonly recall: Thresholds;
  readonly truePositives: Thresholds;
  readonly trueNegatives: Thresholds;
  readonly falsePositives: Thresholds;
  readonly falseNegatives: Thresholds;
  readonly f1Score: Averaged;
  readonly fBetaScore: Averaged & { readonly beta?: number };
  readonly binaryIoU: Threshold;
  readonly meanIoU: { readonly numClasses: number };
  readonly auc: AtValue & { readonly curve?: 'ROC' | 'PR' };
  readonly sensitivityAtSpecificity: AtValue & { readonly specificity: number };
  readonly specificityAtSensitivity: AtValue & { readonly sensitivity: number };
  readonly precisionAtRecall: AtValue & { readonly recall: number };
  readonly recallAtPrecision: AtValue & { readonly precision: number };
}

const share = number({ from: 0, to: 1 });
const thresholds = {
  threshold: number(),
  classId: { ...count, must: 'a class, from 0', fits: (n: unknown) => (n as number) >= 0 },
  topK: count,
};
const averaged = { average: oneOf(['micro', 'macro', 'weighted']), threshold: number() };
const given = { ...share, optional: false };
const kinds = {
  accuracy: {},
  binaryAccuracy: { threshold: number() },
  categoricalAccuracy: {},
  sparseCategoricalAccuracy: {},
  topKCategoricalAccuracy: { k: count },
  sparseTopKCategoricalAccuracy: { k: count },
  rootMeanSquaredError: {},
  r2Score: {},
  precision: thresholds,
  recall: thresholds,
  truePositives: thresholds,
  trueNegatives: thresholds,
  falsePositives: thresholds,
  falseNegatives: thresholds,
  f1Score: averaged,
  fBetaScore: { ...averaged, beta: number({ above: 0 }) },
  binaryIoU: { threshold: number() },
  meanIoU: { numClasses: { ...count, optional: false } },
  auc: { numThresholds: count, curve: oneOf(['ROC', 'PR']) },
  sensitivityAtSpecificity: { numThresholds: count, specificity: given },
  specificityAtSensitivity: { numThresholds: count, sensitivity: given },
  precisionAtRecall: { numThresholds: count, recall: given },
  recallAtPrecision: { numThresholds: count, precision: given },
};

/** A metric as data. `as` is its name in logs. */
export type MetricConfig = (Named<Options> | LossConfig | Exclude<Named<LossOptions>, string>) | 'acc';
/** A metric, one with a name in logs, or a function of targets and predictions that gives a number for each sample. */
export type MetricSource = MetricConfig | (Exclude<MetricConfig, string> & { readonly as: string }) | LossFunction;

/** What accuracy means for an output. */
export interface Target {
  readonly takesIds: boolean;
  /** The last extent of the output. */
  readonly width: number;
}

/** @throws ConfigError on an unknown name or option */
export function metricFrom(source: MetricSource, target: Target): Metric {
  if (typeof source === 'function') return new LossMetric(source.name || 'metric', source);
  const { as, ...config } = typeof source === 'string' ? { name: source, as: undefined } : { as: undefined, ...source };
  if (as !== undefined && !text.fits(as))
    throw new ConfigError(`metric: as must be text, received ${shown(as)}`, { as });
  const logged = as ?? (typeof source === 'string' ? source : config.name);
  if (config.name === 'acc') return metricFrom({ name: 'accuracy', as: logged } as MetricSource, target);
  if (isLossName(config.name)) {
    const loss = lossFrom('metric', { ...config, name: longName(config.name) } as LossConfig);
    return new LossMetric(logged, loss.of, loss.takesIds, loss.name === 'cosineSimilarity' ? -1 : 1);
  }
  const named = configOf<Options>('metric', config as Named<Options>, kinds as never);
  const { name, ...options } = named;
  requireOptions(`metric '${name}'`, options, kinds[name] as never);
  switch (named.name) {
    case 'accuracy':
      return accuracyOf(logged, target);
    case 'binaryAccuracy':
      return new BinaryAccuracy(logged, named.threshold ?? 0.5);
    case 'categoricalAccuracy':
      return new ClassAccuracy(logged, false);
    case 'sparseCategoricalAccuracy':
      return new ClassAccuracy(logged, true);
    case 'topKCategoricalAccuracy':
      return new TopK(logged, named.k ?? 5, false);
    case 'sparseTopKCategoricalAccuracy':
      return new TopK(logged, named.k ?? 5, true);
    case 'rootMeanSquaredError':
    case 'r2Score':
      return new RegressionMetric(logged, named.name);
    case 'auc':
    case 'sensitivityAtSpecificity':
    case 'specificityAtSensitivity':
    case 'precisionAtRecall':
    case 'recallAtPrecision':
      return new CurveMetric(logged, named);
    default:
      return new ConfusionMetric(logged, named);
  }
}

function accuracyOf(name: string, { takesIds, width }: Target): Metric {
  if (takesIds) return new ClassAccuracy(name, true);
  return width === 1 ? new BinaryAccuracy(name, 0.5) : new ClassAccuracy(name, false);
}

/** Weighted means over samples. */
export abstract class MeanMetric implements Metric {
  readonly name: string;
  readonly takesIds: boolean;
  #total = 0;
  #weight = 0;

  constructor(name: string, takesIds = false) {
    this.name = name;
    this.takesIds = takesIds;
  }

  abstract prepare(yTrue: Tensor, yPred: Tensor): Tensor;
  /** One number for each sample or step, in order. */
  abstract valuesOf(prepared: Values, yTrue: Values): ArrayLike<number>;

  update(prepared: Values, yTrue: Values, weights: Values | null): void {
    const values = this.valuesOf(prepared, yTrue);
    for (let i = 0; i < values.length; i++) {
      const weight = weights === null ? 1 : weightAt(weights, i, values.length);
      if (weight === 0) continue;
      this.#total += weight * values[i];
      this.#weight += weight;
    }
  }

  result(): number {
    return this.#weight === 0 ? 0 : this.#total / this.#weight;
  }

  reset(): void {
    [this.#total, this.#weight] = [0, 0];
  }
}

/** The weight of value i of n: weights may be of whole samples, with several values each. */
export const weightAt = ({ data }: Values, i: number, n: number): number => data[Math.floor((i * data.length) / n)];

class LossMetric extends MeanMetric {
  readonly #of: LossFunction;
  readonly #sign: number;

  constructor(name: string, of: LossFunction, takesIds = false, sign = 1) {
    super(name, takesIds);
    this.#of = of;
    this.#sign = sign;
  }

  prepare(yTrue: Tensor, yPred: Tensor): Tensor {
    return this.#of(yTrue, yPred);
  }

  valuesOf({ data }: Values): ArrayLike<number> {
    return this.#sign === 1 ? data : Array.from(data, (value) => -value);
  }
}

class BinaryAccuracy extends MeanMetric {
  readonly #threshold: number;

  constructor(name: string, threshold: number) {
    super(name);
    this.#threshold = threshold;
  }

  prepare(_yTrue: Tensor, yPred: Tensor): Tensor {
    return yPred;
  }

  valuesOf({ data, shape }: Values, yTrue: Values): ArrayLike<number> {
    const width = shape.at(-1) ?? 1;
    return Float64Array.from({ length: data.length / width }, (_, row) => {
      let right = 0;
      for (let i = row * width; i < (row + 1) * width; i++)
        right += Number(Number(data[i] > this.#threshold) === yTrue.data[i]);
      return right / width;
    });
  }
}

class ClassAccuracy extends MeanMetric {
  prepare(_yTrue: Tensor, yPred: Tensor): Tensor {
    return argmax(yPred);
  }

  valuesOf({ data }: Values, yTrue: Values): ArrayLike<number> {
    const classes = this.takesIds ? yTrue.data : argmaxOf(yTrue);
    return Float64Array.from({ length: data.length }, (_, i) => Number(data[i] === classes[i]));
  }
}

class TopK extends MeanMetric {
  readonly #k: number;

  constructor(name: string, k: number, takesIds: boolean) {
    super(name, takesIds);
    this.#k = k;
  }

  prepare(_yTrue: Tensor, yPred: Tensor): Tensor {
    return yPred;
  }

  valuesOf({ data, shape }: Values, yTrue: Values): ArrayLike<number> {
    const width = shape.at(-1)!;
    const classes = this.takesIds ? yTrue.data : argmaxOf(yTrue);
    return Float64Array.from({ length: data.length / width }, (_, row) => {
      const own = data[row * width + classes[row]];
      let greater = 0;
      for (let i = row * width; i < (row + 1) * width; i++) greater += Number(data[i] > own);
      return Number(greater < this.#k);
    });
  }
}

/** The position of the greatest number of each row, the first of equal ones. */
function argmaxOf({ data, shape }: Values): Int32Array {
  const width = shape.at(-1)!;
  return Int32Array.from({ length: data.length / width }, (_, row) => {
    let best = 0;
    for (let i = 1; i < width; i++) if (data[row * width + i] > data[row * width + best]) best = i;
    return best;
  });
}
