import { count, flag, rate, required } from '../../checks.ts';
import { ShapeError } from '../../errors.ts';
import { add, attention, matmul, reshape, select } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type CallContext, type CommonOptions, KerasLayer, lastExtent, layerConfig } from '../layer.ts';
import type { Mask } from '../mask.ts';
import type { Weight } from '../weight.ts';
import { addActivityLoss, biasWeight, kernelWeight } from './dense.ts';
import { constraintKind, initializerKind, type KernelOptions, regularizerKind } from './options.ts';

export interface MultiHeadAttentionOptions extends CommonOptions, Omit<KernelOptions, 'activation'> {
  /** N. */
  readonly numHeads: number;
  /** K, the width of a head's queries and keys. */
  readonly keyDim: number;
  /** V, the width of a head's values. Default K. */
  readonly valueDim?: number | undefined;
  /** Of the attention weights. Default 0. */
  readonly dropout?: number | undefined;
  /** O, the width of the output. Default D, that of the query. */
  readonly outputShape?: number | undefined;
  /** No query attends to a later step; `use_causal_mask` of a call in Keras. Default false. */
  readonly causal?: boolean | undefined;
}

/** A projection to or from the heads. */
interface Projection {
  readonly kernel: Weight;
  readonly bias: Weight | null;
}

export class MultiHeadAttention extends KerasLayer {
  readonly config: { readonly layer: 'multiHeadAttention' } & MultiHeadAttentionOptions;
  #query!: Projection;
  #key!: Projection;
  #value!: Projection;
  #output!: Projection;

  constructor(options: MultiHeadAttentionOptions) {
    super();
    this.config = layerConfig('multiHeadAttention', options, {
      numHeads: required(count),
      keyDim: required(count),
      valueDim: count,
      dropout: rate,
      outputShape: count,
      causal: flag,
      useBias: flag,
      kernelInitializer: initializerKind,
      biasInitializer: initializerKind,
      kernelRegularizer: regularizerKind,
      biasRegularizer: regularizerKind,
      activityRegularizer: regularizerKind,
      kernelConstraint: constraintKind,
      biasConstraint: constraintKind,
    });
  }

  override build([query, value, key = value]: readonly Shape[]): void {
    const { numHeads: N, keyDim: K, valueDim: V = K, outputShape: O = query?.at(-1) } = this.config;
    this.outputShape([query, value, key]);
    const toHeads = (name: string, shape: Shape, width: number): Projection =>
      this.#projection(name, [lastExtent(this.name, shape), N, width], [N, width]);
    this.#query = toHeads('query', query, K);
    this.#key = toHeads('key', key, K);
    this.#value = toHeads('value', value, V);
    this.#output = this.#projection('attentionOutput', [N, V, lastExtent(this.name, [O!])], [O!]);
  }

  #projection(name: string, kernel: Shape, bias: Shape): Projection {
    return {
      kernel: this.addWeight(`${name}/kernel`, kernel, kernelWeight(this.config)),
      bias: this.config.useBias === false ? null : this.addWeight(`${name}/bias`, bias, biasWeight(this.config)),
    };
  }

  override outputShape(shapes: readonly Shape[]): Shape {
    const [query, value, key = value] = shapes;
    const fits =
      shapes.length >= 2 && shapes.length <= 3 && shapes.every((one) => one?.length === 3) && key[1] === value[1];
    if (fits) return [query[0], query[1], this.config.outputShape ?? query[2]];
    throw new ShapeError(
      `${this.name}: takes [query [B, T, D], value [B, S, D′]] and perhaps a key [B, S, D″], received ` +
        `${shapes.map((one) => formatShape(one ?? [])).join(', ')}; for self-attention apply it to [x, x]`,
      { shapes },
    );
  }

  call([query, value, key = value]: readonly Tensor[], context: CallContext): Tensor {
    const { numHeads: N, keyDim: K, valueDim: V = K, dropout: rate = 0, activityRegularizer } = this.config;
    const [B, T, S] = [query.shape[0], query.shape[1], value.shape[1]];
    const [, valueMask = null, keyMask = null] = context.masks;
    const queries = this.#heads(query, this.#query); // [B, T, N·K]
    const keys = this.#heads(withoutPadding(key, keyMask ?? (key === value ? valueMask : null)), this.#key);
    const values = this.#heads(withoutPadding(value, valueMask), this.#value);
    const hidden = this.#hidden(context.masks, B, T, S);
    const heads = attention(queries, keys, values, {
      heads: N,
      mask: hidden && query.device.tensor(hidden, [B, 1, T, S]),
      dropout: context.training && rate > 0 ? { rate, random: context.random } : undefined,
    });
    const { kernel, bias } = this.#output;
    const O = kernel.shape[2];
    const product = matmul(reshape(heads, [B * T, N * V]), reshape(kernel.value, [N * V, O]));
    const y = reshape(bias ? add(product, bias.value) : product, [B, T, O]);
    addActivityLoss(y, activityRegularizer, context);
    return y;
  }

  /** `[B, T, D]` → `[B, T, N·K]`. */
  #heads(x: Tensor, { kernel, bias }: Projection): Tensor {
    const [B, T, D] = x.shape;
    const [, N, K] = kernel.shape;
    const product = matmul(reshape(x, [B * T, D]), reshape(kernel.value, [D, N * K]));
    return reshape(bias ? add(product, reshape(bias.value, [N * K])) : product, [B, T, N * K]);
  }

  /**
   * 0 where a query sees a step, else −1e9, `[B, T, S]`; null where all see all. A masked query sees none, and then attends to all
   * alike.
   */
  #hidden([query, value, key]: readonly (Mask | null)[], B: number, T: number, S: number): Float32Array | null {
    const { causal = false } = this.config;
    if (!causal && [query, value, key].every((mask) => !mask || mask.full)) return null;
    return Float32Array.from({ length: B * T * S }, (_, i) => {
      const [b, t, s] = [Math.floor(i / (T * S)), Math.floor(i / S) % T, i % S];
      const sees = (mask: Mask | null | undefined, step: number): boolean => mask?.at(b, step) ?? true;
      return sees(query, t) && sees(value, s) && sees(key, s) && !(causal && s > t) ? 0 : -1e9;
    });
  }

  /** The query's. */
  override computeMask([mask]: readonly (Mask | null)[]): readonly (Mask | null)[] {
    return [mask ?? null];
  }
}

/** Zeros at masked steps, whatever is there. */
const withoutPadding = (x: Tensor, mask: Mask | null): Tensor =>
  mask && !mask.full ? select(x.device.tensor(mask.values, [x.shape[0], x.shape[1], 1]), x, 0) : x;

/**
 * Multi-head attention (Vaswani 2017), as Keras 3 computes it: inputs [query `[B, T, D]`, value `[B, S, D′]`] or [query, value, key],
 * output `[B, T, O]`:
 *
 *     q = query W_q + b_q,  k = key W_k + b_k,  v = value W_v + b_v   for each of N heads
 *     head = softmax(q kᵀ / √K) v,   y = Σ_heads head W_o + b_o
 *
 * The masks of value and key say where to look; that of the query is passed on. Weights: `query/kernel` [D, N, K], `query/bias`
 * [N, K], `key/…` and `value/…` alike, `attentionOutput/kernel` [N, V, O], `attentionOutput/bias` [O].
 *
 * @example
 * const attended = multiHeadAttention({ numHeads: 4, keyDim: 16 }).apply([x, x]);
 */
export const multiHeadAttention = (options: MultiHeadAttentionOptions): MultiHeadAttention =>
  new MultiHeadAttention(options);
