import type { Tensor } from '../../tensor/tensor.ts';
import type { Metric, Values } from './metrics.ts';

const rowWeight = (weights: Values | null, row: number, rows: number): number =>
  weights === null ? 1 : weights.data[Math.floor((row * weights.data.length) / rows)];

/** Predictions as they are. */
abstract class Counted implements Metric {
  readonly name: string;
  get takesIds(): boolean {
    return false;
  }

  constructor(name: string) {
    this.name = name;
  }

  prepare(_yTrue: Tensor, yPred: Tensor): Tensor {
    return yPred;
  }

  abstract update(prepared: Values, yTrue: Values, weights: Values | null): void;
  abstract result(): number;
  abstract reset(): void;
}

interface ConfusionConfig {
  readonly name: string;
  readonly threshold?: number;
  readonly classId?: number;
  readonly topK?: number;
  readonly average?: 'micro' | 'macro' | 'weighted';
  readonly beta?: number;
  readonly numClasses?: number;
}

/** Counts of one class: true and false positives, false and true negatives. */
interface Counts {
  tp: number;
  fp: number;
  fn: number;
  tn: number;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** What follows from counts of right and wrong decisions, of each class. */
export class ConfusionMetric extends Counted {
  readonly #config: ConfusionConfig;
  #classes: Counts[] = [];

  constructor(name: string, config: ConfusionConfig) {
    super(name);
    this.#config = config;
  }

  override get takesIds(): boolean {
    return this.#config?.name === 'meanIoU';
  }

  update({ data, shape }: Values, yTrue: Values, weights: Values | null): void {
    const width = shape.at(-1) ?? 1;
    const rows = data.length / width;
    const { classId } = this.#config;
    const classes = this.takesIds ? this.#config.numClasses! : width;
    while (this.#classes.length < classes) this.#classes.push({ tp: 0, fp: 0, fn: 0, tn: 0 });
    for (let row = 0; row < rows; row++) {
      const weight = rowWeight(weights, row, rows);
      const chosen = this.#chosen(data, row * width, width);
      for (let i = 0; i < classes; i++) {
        if (classId !== undefined && i !== classId) continue;
        const truth = this.takesIds ? yTrue.data[row] === i : yTrue.data[row * width + i] > 0;
        const one = this.#classes[i];
        if (chosen(i)) one[truth ? 'tp' : 'fp'] += weight;
        else one[truth ? 'fn' : 'tn'] += weight;
      }
    }
  }

  #chosen(data: ArrayLike<number>, start: number, width: number): (i: number) => boolean {
    const { name, threshold, topK } = this.#config;
    const scored = name === 'f1Score' || name === 'fBetaScore';
    if (name === 'meanIoU' || (scored && threshold === undefined && width > 1)) {
      let best = 0;
      for (let i = 1; i < width; i++) if (data[start + i] > data[start + best]) best = i;
      return (i) => i === best;
    }
    const above = (i: number): boolean =>
      data[start + i] > (threshold ?? (topK === undefined ? 0.5 : Number.NEGATIVE_INFINITY));
    if (topK === undefined) return above;
    const order = Array.from({ length: width }, (_, i) => i).sort((a, b) => data[start + b] - data[start + a]);
    const top = new Set(order.slice(0, topK));
    return (i) => top.has(i) && above(i);
  }

  result(): number {
    const { name, average = 'macro', beta = 1 } = this.#config;
    const sum = (key: keyof Counts): number => this.#classes.reduce((total, one) => total + one[key], 0);
    const score = ({ tp, fp, fn }: Omit<Counts, 'tn'>): number =>
      ratio((1 + beta ** 2) * tp, (1 + beta ** 2) * tp + beta ** 2 * fn + fp);
    switch (name) {
      case 'precision':
        return ratio(sum('tp'), sum('tp') + sum('fp'));
      case 'recall':
        return ratio(sum('tp'), sum('tp') + sum('fn'));
      case 'truePositives':
        return sum('tp');
      case 'trueNegatives':
        return sum('tn');
      case 'falsePositives':
        return sum('fp');
      case 'falseNegatives':
        return sum('fn');
      case 'binaryIoU': {
        const [zero, one] = [
          ratio(sum('tn'), sum('tn') + sum('fp') + sum('fn')),
          ratio(sum('tp'), sum('tp') + sum('fp') + sum('fn')),
        ];
        return (zero + one) / 2;
      }
      case 'meanIoU': {
        const present = this.#classes.filter(({ tp, fp, fn }) => tp + fp + fn > 0);
        return ratio(
          present.reduce((total, { tp, fp, fn }) => total + tp / (tp + fp + fn), 0),
          present.length,
        );
      }
      default: {
        if (average === 'micro') return score({ tp: sum('tp'), fp: sum('fp'), fn: sum('fn') });
        const shares = this.#classes.map(({ tp, fn }) => (average === 'weighted' ? tp + fn : 1));
        const total = shares.reduce((a, b) => a + b, 0);
        return ratio(
          this.#classes.reduce((all, one, i) => all + shares[i] * score(one), 0),
          total,
        );
      }
    }
  }

  reset(): void {
    this.#classes = [];
  }
}

type CurveConfig = { readonly numThresholds?: number } & (
  | { readonly name: 'auc'; readonly curve?: 'ROC' | 'PR' }
  | { readonly name: 'sensitivityAtSpecificity'; readonly specificity: number }
  | { readonly name: 'specificityAtSensitivity'; readonly sensitivity: number }
  | { readonly name: 'precisionAtRecall'; readonly recall: number }
  | { readonly name: 'recallAtPrecision'; readonly precision: number }
);

/** What follows from counts at evenly spaced thresholds. */
export class CurveMetric extends Counted {
  readonly #config: CurveConfig;
  readonly #thresholds: readonly number[];
  /** Weights of positives and negatives above each threshold. */
  #above: { positive: Float64Array; negative: Float64Array };
  #positives = 0;
  #negatives = 0;

  constructor(name: string, config: CurveConfig) {
    super(name);
    this.#config = config;
    const n = Math.max(2, config.numThresholds ?? 200);
    // As Keras: the first below 0, the last above 1.
    this.#thresholds = Array.from({ length: n }, (_, i) => (i === 0 ? -1e-7 : i === n - 1 ? 1 + 1e-7 : i / (n - 1)));
    this.#above = { positive: new Float64Array(n), negative: new Float64Array(n) };
  }

  update({ data }: Values, yTrue: Values, weights: Values | null): void {
    const n = this.#thresholds.length;
    for (let i = 0; i < data.length; i++) {
      const weight = rowWeight(weights, i, data.length);
      const positive = yTrue.data[i] > 0;
      if (positive) this.#positives += weight;
      else this.#negatives += weight;
      const counts = this.#above[positive ? 'positive' : 'negative'];
      for (let t = 0; t < n && data[i] > this.#thresholds[t]; t++) counts[t] += weight;
    }
  }

  result(): number {
    const { positive, negative } = this.#above;
    const config = this.#config;
    const recall = Array.from(positive, (tp) => ratio(tp, this.#positives));
    const fallOut = Array.from(negative, (fp) => ratio(fp, this.#negatives));
    const precision = Array.from(positive, (tp, i) => ratio(tp, tp + negative[i]));
    const specificity = fallOut.map((rate) => 1 - rate);
    const bestWhere = (values: readonly number[], of: readonly number[], least: number): number =>
      values.reduce((best, value, i) => (of[i] >= least ? Math.max(best, value) : best), 0);
    switch (config.name) {
      case 'sensitivityAtSpecificity':
        return bestWhere(recall, specificity, config.specificity);
      case 'specificityAtSensitivity':
        return bestWhere(specificity, recall, config.sensitivity);
      case 'precisionAtRecall':
        return bestWhere(precision, recall, config.recall);
      case 'recallAtPrecision':
        return bestWhere(recall, precision, config.precision);
      case 'auc':
        return config.curve === 'PR' ? this.#areaOfPrecision() : area(fallOut, recall);
    }
  }

  /** Interpolated between thresholds as Davis & Goadrich 2006, as Keras does. */
  #areaOfPrecision(): number {
    const { positive: tp, negative: fp } = this.#above;
    let total = 0;
    for (let i = 0; i + 1 < tp.length; i++) {
      const all = [tp[i] + fp[i], tp[i + 1] + fp[i + 1]];
      const slope = ratio(tp[i] - tp[i + 1], all[0] - all[1]);
      const intercept = tp[i + 1] - slope * all[1];
      const logs = all[0] > 0 && all[1] > 0 ? Math.log(all[0] / all[1]) : 0;
      total += ratio(slope * (tp[i] - tp[i + 1] + intercept * logs), this.#positives);
    }
    return total;
  }

  reset(): void {
    const n = this.#thresholds.length;
    this.#above = { positive: new Float64Array(n), negative: new Float64Array(n) };
    [this.#positives, this.#negatives] = [0, 0];
  }
}

/** The area under y over x, by trapezoids; x falls. */
function area(x: readonly number[], y: readonly number[]): number {
  let total = 0;
  for (let i = 0; i + 1 < x.length; i++) total += ((x[i] - x[i + 1]) * (y[i] + y[i + 1])) / 2;
  return total;
}

/** Root of the mean squared error, and R². */
export class RegressionMetric extends Counted {
  readonly #kind: 'rootMeanSquaredError' | 'r2Score';
  #squares = 0;
  #count = 0;
  #outputs: { sum: number; squares: number; error: number; weight: number }[] = [];

  constructor(name: string, kind: 'rootMeanSquaredError' | 'r2Score') {
    super(name);
    this.#kind = kind;
  }

  update({ data, shape }: Values, yTrue: Values, weights: Values | null): void {
    const width = shape.at(-1) ?? 1;
    while (this.#outputs.length < width) this.#outputs.push({ sum: 0, squares: 0, error: 0, weight: 0 });
    for (let i = 0; i < data.length; i++) {
      const weight = rowWeight(weights, i, data.length);
      const [y, error] = [yTrue.data[i], (data[i] - yTrue.data[i]) ** 2];
      this.#squares += weight * error;
      this.#count += weight;
      const output = this.#outputs[i % width];
      output.sum += weight * y;
      output.squares += weight * y * y;
      output.error += weight * error;
      output.weight += weight;
    }
  }

  result(): number {
    if (this.#kind === 'rootMeanSquaredError') return Math.sqrt(ratio(this.#squares, this.#count));
    const scores = this.#outputs.map(({ sum, squares, error, weight }) => {
      const spread = squares - sum ** 2 / weight;
      return spread > 0 ? 1 - error / spread : 0;
    });
    return ratio(
      scores.reduce((a, b) => a + b, 0),
      scores.length,
    );
  }

  reset(): void {
    [this.#squares, this.#count, this.#outputs] = [0, 0, []];
  }
}
