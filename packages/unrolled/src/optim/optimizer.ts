import type { OptimizerMethod } from '../backend/backend.ts';
import { anything, flag, type Kinds, limit, number, oneOf, required, requireOptions } from '../checks.ts';
import type { Parameters } from '../nn/parameters.ts';
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
 * @throws ConfigError on an unknown method or option, or a value that cannot work
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
    const norm = device.empty([]);
    device.backend.norm(gradients, norm);
    device.backend.optimize({
      weights: values,
      gradients,
      norm,
      loss,
      steps: this.steps,
      learningRate,
      decay: this.options.weightDecay ?? 0,
      clipNorm,
      clipValue,
      ...this.#rule(),
    });
    return { norm };
  }

  #rule(): OptimizerMethod {
    const { method, momentum = 0.9, nesterov = false, alpha = 0.99, beta1 = 0.9, beta2 = 0.999 } = this.options;
    const epsilon = this.options.epsilon ?? (method === 'adagrad' ? 1e-10 : 1e-8);
    const { velocity, sumOfSquares, meanSquare, mean, variance } = this.#memory;
    switch (method) {
      case 'sgd':
        return velocity
          ? { method, velocity, momentum, nesterov }
          : { method, velocity: null, momentum: 0, nesterov: false };
      case 'momentum':
        return { method: 'sgd', velocity, momentum, nesterov };
      case 'adagrad':
        return { method, sumOfSquares, epsilon };
      case 'rmsprop':
        return { method, meanSquare, alpha, epsilon };
      default:
        return { method, mean, variance, beta1, beta2, epsilon };
    }
  }
}
