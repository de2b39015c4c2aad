import { ConfigError, ShapeError } from '../errors.ts';
import { div, embedding, linear, max, mul, reshape, tanh } from '../ops/index.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Attention } from './attention.ts';
import { zeros } from './initialisers.ts';
import { replacePadding, requireLengths, sumOverTime } from './lengths.ts';
import type { Declarations, Parameter } from './parameters.ts';

export const poolings = ['last', 'mean', 'max'] as const;
export type Pooling = (typeof poolings)[number];

/**
 * One vector for a sequence, `[T, B, F]` → `[B, F]`: the last state that counts, the mean, or the greatest value of each
 * feature, over the steps below each row's length.
 *
 * Of a layer that walks both ways, 'last' takes the state at the last step, where the way back has only begun; the
 * final states of both directions are in `Recurrent.run(…).state`.
 *
 * @param lengths  steps of each row, `[B]`, from 1; all of them when left out
 * @throws ShapeError if xs is not `[T, B, F]` or lengths do not fit
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
  readonly units?: number;
}

/**
 * A weighted mean whose weights are learnt (Yang 2016): weight_t = softmax over t of vᵀ tanh(W x_t + b), `[T, B, F]` →
 * `[B, F]`. Parameters: `key.weight` [A, F], `key.bias` [A], `score.weight` [1, A].
 */
export class AttentionPooling {
  readonly config: { readonly layer: 'attentionPooling' } & AttentionPoolingOptions;
  #weight!: Parameter;
  #bias!: Parameter;
  #score!: Parameter;
  readonly #attention = new Attention({ score: 'dot' });

  constructor(options: AttentionPoolingOptions = {}) {
    this.config = { layer: 'attentionPooling', ...options };
  }

  build(input: Shape, declarations: Declarations): Shape {
    const features = input.at(-1)!;
    const { units = features } = this.config;
    this.#weight = declarations.declare('key.weight', [units, features], { kind: 'xavier' });
    this.#bias = declarations.declare('key.bias', [units], zeros);
    this.#score = declarations.declare('score.weight', [1, units], { kind: 'xavier' });
    return [...input.slice(1, -1), features];
  }

  /** The vectors `[B, F]`, and the weights `[B, T]` to look at. */
  run(xs: Tensor, lengths: readonly number[] | null = null): { pooled: Tensor; weights: Tensor } {
    requireSequence(xs);
    const memory = this.#attention.prepare(xs, lengths);
    // A dot product of keys tanh(W x + b) with one query, v, for all rows.
    const keys = tanh(linear(memory.values, this.#weight.value, this.#bias.value));
    const query = mul(xs.device.ones([xs.shape[1], 1]), this.#score.value);
    const { context, weights } = this.#attention.step(query, { ...memory, keys });
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
