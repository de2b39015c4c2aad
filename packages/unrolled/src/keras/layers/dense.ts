import { count, flag, required } from '../../checks.ts';
import { add, matmul, reshape, scale } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { activate, activationKind } from '../activations.ts';
import { type CallContext, type CommonOptions, KerasLayer, lastExtent, layerConfig } from '../layer.ts';
import { penalty, type Regularizer } from '../regularizers.ts';
import type { Weight } from '../weight.ts';
import { constraintKind, initializerKind, type KernelOptions, regularizerKind } from './options.ts';

export interface DenseOptions extends CommonOptions, KernelOptions {
  /** Width of the output. */
  readonly units: number;
}

export const kernelKinds = {
  activation: activationKind,
  useBias: flag,
  kernelInitializer: initializerKind,
  biasInitializer: initializerKind,
  kernelRegularizer: regularizerKind,
  biasRegularizer: regularizerKind,
  activityRegularizer: regularizerKind,
  kernelConstraint: constraintKind,
  biasConstraint: constraintKind,
};

export class Dense extends KerasLayer {
  readonly config: { readonly layer: 'dense' } & DenseOptions;
  override readonly maskUse = 'pass';
  #kernel!: Weight;
  #bias: Weight | null = null;

  constructor(options: DenseOptions) {
    super();
    this.config = layerConfig('dense', options, { units: required(count), ...kernelKinds });
  }

  override build([shape]: readonly Shape[]): void {
    const { units, useBias = true } = this.config;
    this.#kernel = this.addWeight('kernel', [lastExtent(this.name, shape), units], kernelWeight(this.config));
    this.#bias = useBias ? this.addWeight('bias', [units], biasWeight(this.config)) : null;
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    return [...shape.slice(0, -1), this.config.units];
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const { units, activation = 'linear', activityRegularizer } = this.config;
    const rows = x.rank === 2 ? x : reshape(x, [-1, x.shape.at(-1)!]);
    const product = matmul(rows, this.#kernel.value);
    const sum = this.#bias ? add(product, this.#bias.value) : product;
    const y = activate(x.rank === 2 ? sum : reshape(sum, [...x.shape.slice(0, -1), units]), activation);
    addActivityLoss(y, activityRegularizer, context);
    return y;
  }
}

export const kernelWeight = (config: KernelOptions) => ({
  initializer: config.kernelInitializer ?? ('glorotUniform' as const),
  regularizer: config.kernelRegularizer,
  constraint: config.kernelConstraint,
});

export const biasWeight = (config: KernelOptions) => ({
  initializer: config.biasInitializer ?? ('zeros' as const),
  regularizer: config.biasRegularizer,
  constraint: config.biasConstraint,
});

/** Adds the penalty on an output, over the batch size, to the loss. */
export function addActivityLoss(y: Tensor, regularizer: Regularizer | null | undefined, context: CallContext): void {
  if (regularizer) context.addLoss(scale(penalty(regularizer, y), 1 / Math.max(1, y.shape[0])));
}

/**
 * y = φ(x·W + b) over the last axis, `[B, …, F]` → `[B, …, units]`. Weights: `kernel` [F, units], `bias` [units]. Passes a mask
 * on.
 * @throws ConfigError on an unknown option or a value that cannot work
 */
export const dense = (options: DenseOptions): Dense => new Dense(options);
