import { count } from '../checks.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { div, embedding, linear, max, mul, reshape, tanh } from '../ops/index.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Attention } from './attention.ts';
import { Buildable } from './buildable.ts';
import { zeros } from './initialisers.ts';
import type { Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import { replacePadding, requireLengths, sumOverTime } from './lengths.ts';
import type { Declarations, Parameter } from './parameters.ts';

export const poolings = ['last', 'mean', 'max'] as const;
export type Pooling = (typeof poolings)[number];

/**
 * Pools a sequence over time, `[T, B, F]` → `[B, F]`: its last step, the mean, or the maximum of each feature, over the steps
 * below each row's length. Padding changes neither the result nor the gradients.
 *
 * For a bidirectional layer 'last' takes the output at the last step, where the backward direction has seen only one step;
 * the final states of both directions are in `Recurrent.run(…).state`.
 *
 * @param lengths  length of each row, `[B]`, from 1. Default: T for all
 * @throws ShapeError if xs is not `[T, B, F]` or lengths do not fit; ConfigError on an unknown kind
 */
export function pool(kind: Pooling, xs: Tensor, lengths: readonly number[] | null = null): Tensor {
  const [T, B, F] = requireSequence(xs);
  const counts = lengths ?? new Array<number>(B).fill(T);
  requireLengths('pool', counts, T, B);
  switch (kind) {
    case 'last': {
      const places = xs.device.ids(counts.map((length, b) => (length - 1) * B + b));
      return embedding(reshape(xs, [T * B, F]), places);
    }
    case 'mean': {
      const total = sumOverTime(replacePadding(xs, counts, 0));
      return div(total, xs.device.tensor(counts, [B, 1]));
    }
    case 'max':
      return max(replacePadding(xs, counts, Number.NEGATIVE_INFINITY), { axes: 0 });
    default:
      throw new ConfigError(`pool: there is no pooling '${kind}'; use ${poolings.join(', ')}`, { kind });
  }
}

export interface AttentionPoolingOptions {
  /** A, the width of the hidden layer. Default F. */
  readonly units?: number | undefined;
}

interface PoolingParts {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly score: Parameter;
  readonly attention: Attention;
}

/**
 * Attention pooling (Yang 2016), a mean over time with trainable weights, `[T, B, F]` → `[B, F]`:
 *
 *     a_t = softmax over t of vᵀ tanh(W x_t + b),   y = Σ_t a_t x_t
 *
 * Parameters: `key.weight` W [A, F], `key.bias` b [A], `score.weight` v [1, A].
 */
export class AttentionPooling extends Buildable<PoolingParts> implements Layer {
  readonly config: { readonly layer: 'attentionPooling' } & AttentionPoolingOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: AttentionPoolingOptions = {}) {
    super();
    this.config = layerConfig('attentionPooling', options, { units: count });
  }

  build(input: Shape, declarations: Declarations): Shape {
    const features = input.at(-1)!;
    const { units = features } = this.config;
    const attention = new Attention({ score: 'dot' });
    attention.build({ queries: input, memory: input }, declarations);
    this.parts = {
      weight: declarations.declare('key.weight', [units, features], { kind: 'xavier' }),
      bias: declarations.declare('key.bias', [units], zeros),
      score: declarations.declare('score.weight', [1, units], { kind: 'xavier' }),
      attention,
    };
    return [...input.slice(1, -1), features];
  }

  /** The pooled vectors `[B, F]`, and the attention weights `[B, T]`. @throws ShapeError as `pool` */
  run(xs: Tensor, lengths: readonly number[] | null = null): { pooled: Tensor; weights: Tensor } {
    requireSequence(xs);
    const { weight, bias, score, attention } = this.parts;
    const memory = attention.prepare(xs, lengths);
    // Dot products of the keys tanh(W x + b) with v, the same query for all rows.
    const keys = tanh(linear(memory.values, weight.value, bias.value));
    const query = mul(xs.device.ones([xs.shape[1], 1]), score.value);
    const { context, weights } = attention.step(query, { ...memory, keys });
    return { pooled: context, weights };
  }

  apply(xs: Tensor): Tensor {
    return this.run(xs).pooled;
  }
}

function requireSequence(xs: Tensor): readonly [number, number, number] {
  if (xs.rank !== 3 || xs.shape[0] === 0) {
    throw new ShapeError(`pool: needs [T, B, F] with at least one step, received ${formatShape(xs.shape)}`, {
      xs: xs.shape,
    });
  }
  return xs.shape as unknown as [number, number, number];
}
