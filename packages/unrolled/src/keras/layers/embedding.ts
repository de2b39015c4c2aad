import { count, flag, required } from '../../checks.ts';
import { embedding as lookUp } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Constraint } from '../constraints.ts';
import type { Initializer } from '../initializers.ts';
import { type CallContext, type CommonOptions, KerasLayer, layerConfig } from '../layer.ts';
import { Mask } from '../mask.ts';
import { numbersOf } from '../numbers.ts';
import type { Regularizer } from '../regularizers.ts';
import type { Weight } from '../weight.ts';
import { addActivityLoss } from './dense.ts';
import { constraintKind, initializerKind, regularizerKind } from './options.ts';

export interface EmbeddingOptions extends CommonOptions {
  /** V, the number of different ids; with `maskZero`, one more than there are words. */
  readonly inputDim: number;
  /** E, the length of a vector. */
  readonly outputDim: number;
  /** Default 'randomUniform' in ±0.05. */
  readonly embeddingsInitializer?: Initializer | undefined;
  readonly embeddingsRegularizer?: Regularizer | null | undefined;
  readonly activityRegularizer?: Regularizer | null | undefined;
  readonly embeddingsConstraint?: Constraint | null | undefined;
  /** Whether id 0 is padding, which a mask then tells the layers after this one. Default false. */
  readonly maskZero?: boolean | undefined;
}

export class Embedding extends KerasLayer {
  readonly config: { readonly layer: 'embedding' } & EmbeddingOptions;
  override get takesIds(): boolean {
    return true;
  }

  #table!: Weight;

  constructor(options: EmbeddingOptions) {
    super();
    this.config = layerConfig('embedding', options, {
      inputDim: required(count),
      outputDim: required(count),
      embeddingsInitializer: initializerKind,
      embeddingsRegularizer: regularizerKind,
      activityRegularizer: regularizerKind,
      embeddingsConstraint: constraintKind,
      maskZero: flag,
    });
  }

  override build(): void {
    const { inputDim, outputDim, embeddingsInitializer = 'randomUniform' } = this.config;
    this.#table = this.addWeight('embeddings', [inputDim, outputDim], {
      initializer: embeddingsInitializer,
      regularizer: this.config.embeddingsRegularizer,
      constraint: this.config.embeddingsConstraint,
    });
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    return [...shape, this.config.outputDim];
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const ids = x.dtype === 'int32' ? x : x.device.ids(numbersOf(this.name, x), x.shape);
    const y = lookUp(this.#table.value, ids);
    addActivityLoss(y, this.config.activityRegularizer, context);
    return y;
  }

  override computeMask(_masks: readonly (Mask | null)[], [x]: readonly Tensor[]): readonly (Mask | null)[] {
    if (!this.config.maskZero || x.rank !== 2) return [null];
    const ids = numbersOf(this.name, x);
    const [B, T] = x.shape;
    return [Mask.of(B, T, (b, t) => ids[b * T + t] !== 0)];
  }
}

/**
 * A vector for every id, `[B, …]` → `[B, …, E]`. Weight: `embeddings` [V, E]. With `maskZero` it makes a mask.
 * @throws ConfigError on an unknown option or a value that cannot work
 */
export const embedding = (options: EmbeddingOptions): Embedding => new Embedding(options);
