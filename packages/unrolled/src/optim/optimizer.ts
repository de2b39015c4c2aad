import type { OptimizerMethod } from '../backend/backend.ts';
import { anything, flag, type Kinds, limit, number, oneOf, required, requireOptions, shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { Parameters } from '../nn/parameters.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

export const optimizerNames = ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adam', 'adamw'] as const;
export type OptimizerName = (typeof optimizerNames)[number];

/** The configuration of an optimizer, as plain data. Options of other methods are ignored. */
export interface OptimizerOptions {
  readonly method: OptimizerName;
  /** sgd, momentum: μ. Default 0 for sgd, 0.9 for momentum. */
  readonly momentum?: number | undefined;
  /** With momentum: Nesterov's form. Default false. */
  readonly nesterov?: boolean | undefined;
  /** rmsprop: decay rate of the mean square. Default 0.99. */
  readonly alpha?: number | undefined;
  /** adam, adamw: decay rates of the means of g and g². Defaults 0.9 and 0.999. */
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  /** Default 1e-10 for adagrad, 1e-8 for the others. */
  readonly epsilon?: number | undefined;
  /** decay·w is added to the gradient (L2); in adamw w shrinks by lr·decay instead. Default 0. */
  readonly weightDecay?: number | undefined;
  /**
   * What decays: 'all' parameters, or only 'matrices', those of two axes or more, so that biases and the gains of
   * normalisations keep their size. Default 'all'.
   */
  readonly decaying?: 'all' | 'matrices' | undefined;
  /**
   * Factors of the learning rate by the beginning of a parameter's name, such as `{ 'features.': 0.1 }` to fine-tune
   * pretrained layers slowly. The longest beginning counts. Default: 1 for all.
   */
  readonly rates?: Readonly<Record<string, number>> | undefined;
}

export interface UpdateOptions {
  readonly learningRate: number;
  /** Scales the gradient so that its norm √Σg² over all parameters is at most this; 0: off. Default 0. */
  readonly clipNorm?: number | undefined;
  /** Clamps every element of the gradient to ±this, after clipNorm; 0: off. Default 0. */
  readonly clipValue?: number | undefined;
  /** The loss, a scalar: if it is not finite, nothing is changed. */
  readonly loss?: Tensor | undefined;
}

const share = number({ from: 0, below: 1 });
export const optimizerKinds: Kinds<OptimizerOptions> = {
  method: required(oneOf(optimizerNames)),
  momentum: share,
  nesterov: flag,
  alpha: share,
  beta1: share,
  beta2: share,
  epsilon: number({ from: 0 }),
  weightDecay: number({ from: 0 }),
  decaying: oneOf(['all', 'matrices']),
  rates: {
    must: "numbers from 0 by the beginning of a parameter's name, such as { 'features.': 0.1 }",
    fits: (value) =>
      typeof value === 'object' && value !== null && Object.values(value).every((one) => number({ from: 0 }).fits(one)),
  },
};

export const updateKinds: Kinds<UpdateOptions> = {
  learningRate: required(number({ from: 0 })),
  clipNorm: limit,
  clipValue: limit,
  loss: anything,
};

/** The state of each method by default, one number of each for every parameter. */
export const optimizerMemories: Readonly<Record<OptimizerName, readonly string[]>> = {
  sgd: [],
  momentum: ['velocity'],
  adagrad: ['sumOfSquares'],
  rmsprop: ['meanSquare'],
  adam: ['mean', 'variance'],
  adamw: ['mean', 'variance'],
};

function memoriesOf({ method, momentum = 0 }: OptimizerOptions): readonly string[] {
  return method === 'sgd' && momentum > 0 ? optimizerMemories.momentum : optimizerMemories[method];
}

/**
 * Updates a model's parameters from their gradients, with PyTorch's formulas and defaults:
 *
 * - sgd: w −= lr·g; with momentum, or as method 'momentum': v = μv + g, w −= lr·v (nesterov: w −= lr·(g + μv))
 * - adagrad (Duchi 2011): s += g², w −= lr·g/(√s + ε)
 * - rmsprop (Hinton 2012): s = αs + (1−α)g², w −= lr·g/(√s + ε)
 * - adam (Kingma & Ba 2015): m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g², w −= lr·m̂/(√v̂ + ε), m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ)
 * - adamw (Loshchilov & Hutter 2019): adam with the decay taken from w directly
 *
 * @throws ConfigError on an unknown method or option, a value that cannot work, or `rates` for names that no parameter has
 *
 * @example
 * const optimizer = new Optimizer(parameters, { method: 'adam' });
 * parameters.backward(loss);
 * const { norm } = optimizer.update({ learningRate: 1e-3, clipNorm: 1, loss });
 */
export class Optimizer {
  readonly options: OptimizerOptions;
  readonly #parameters: Parameters;
  readonly #memory: Record<string, Tensor>;
  readonly #segments: readonly Segment[];
  /**
   * Number of updates so far, one element: counted on the device, which alone knows which ones were made. Those of Adam's
   * bias correction.
   */
  readonly steps: Tensor;

  constructor(parameters: Parameters, options: OptimizerOptions) {
    requireOptions('optimizer', options, optimizerKinds);
    this.options = options;
    this.#parameters = parameters;
    const { device, size } = parameters;
    this.#memory = Object.fromEntries(memoriesOf(options).map((name) => [name, device.keep(device.zeros([size]))]));
    this.steps = device.keep(device.tensor([0]));
    this.#segments = segmentsOf(parameters, options);
  }

  /** The method's state, flat like `parameters.values`: to be saved and restored together with `steps`. */
  get memory(): Readonly<Record<string, Tensor>> {
    return this.#memory;
  }

  /** Restores the number of updates; the caller writes the content of `memory`. */
  resumeAt(steps: number): void {
    this.steps.device.backend.write(this.steps, [steps]);
  }

  /**
   * One update from `parameters.gradients`. Returns the norm of the gradient before clipping, a scalar. If the norm or the
   * given loss is not finite, the device changes nothing. Nothing is read: a loop reads norm and loss together.
   * @throws ConfigError on an unknown option, or a rate or limit that is negative or NaN
   */
  update(options: UpdateOptions): { norm: Tensor } {
    requireOptions('update', options, updateKinds);
    const { learningRate, clipNorm = 0, clipValue = 0, loss = null } = options;
    const { device, values, gradients } = this.#parameters;
    const { backend } = device;
    const norm = device.empty([]);
    backend.norm(gradients, norm);
    this.#segments.forEach(({ start, size, decay, rate }, i) => {
      const part = (flat: Tensor): Tensor => flat.view([size], start);
      // Every segment makes the same update; the last one counts it.
      const steps = i === this.#segments.length - 1 ? this.steps : device.empty([1]);
      if (steps !== this.steps) backend.copy(this.steps, steps);
      backend.optimize({
        ...{ weights: part(values), gradients: part(gradients), norm, loss, steps },
        ...{ learningRate: learningRate * rate, decay, clipNorm, clipValue },
        ...this.#rule(part),
      });
    });
    return { norm };
  }

  /** @param part  of the method's state */
  #rule(part: (flat: Tensor) => Tensor): OptimizerMethod {
    const { method, momentum = 0.9, nesterov = false, alpha = 0.99, beta1 = 0.9, beta2 = 0.999 } = this.options;
    const epsilon = this.options.epsilon ?? (method === 'adagrad' ? 1e-10 : 1e-8);
    const { velocity, sumOfSquares, meanSquare, mean, variance } = this.#memory;
    switch (method) {
      case 'sgd':
        return velocity
          ? { method, velocity: part(velocity), momentum, nesterov }
          : { method, velocity: null, momentum: 0, nesterov: false };
      case 'momentum':
        return { method: 'sgd', velocity: part(velocity), momentum, nesterov };
      case 'adagrad':
        return { method, sumOfSquares: part(sumOfSquares), epsilon };
      case 'rmsprop':
        return { method, meanSquare: part(meanSquare), alpha, epsilon };
      default:
        return { method, mean: part(mean), variance: part(variance), beta1, beta2, epsilon };
    }
  }
}

/** Neighbouring parameters that are updated alike, as a part of the flat buffer. */
interface Segment {
  readonly start: number;
  readonly size: number;
  readonly decay: number;
  /** Factor of the learning rate. */
  readonly rate: number;
}

function segmentsOf(parameters: Parameters, options: OptimizerOptions): Segment[] {
  const { weightDecay = 0, decaying = 'all', rates = {} } = options;
  const trained = [...parameters].filter(({ frozen }) => !frozen);
  const beginnings = Object.keys(rates).sort((a, b) => b.length - a.length);
  const idle = beginnings.find((beginning) => !trained.some(({ name }) => name.startsWith(beginning)));
  if (idle !== undefined) {
    const names = trained.slice(0, 5).map(({ name }) => name);
    throw new ConfigError(
      `optimizer: no trainable parameter's name begins with ${shown(idle)}, which rates has; there are ${names.join(', ')}, …`,
      { rates },
    );
  }
  const segments: Segment[] = [];
  let start = 0;
  for (const { name, shape } of trained) {
    const size = sizeOf(shape);
    const decay = decaying === 'all' || shape.length > 1 ? weightDecay : 0;
    const beginning = beginnings.find((one) => name.startsWith(one));
    const rate = beginning === undefined ? 1 : rates[beginning];
    const last = segments.at(-1);
    if (last?.decay === decay && last.rate === rate)
      segments[segments.length - 1] = { ...last, size: last.size + size };
    else segments.push({ start, size, decay, rate });
    start += size;
  }
  return segments.length > 0 ? segments : [{ start: 0, size: 0, decay: 0, rate: 1 }];
}
