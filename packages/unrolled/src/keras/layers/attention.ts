import { count, flag, number, oneOf } from '../../checks.ts';
import { ShapeError } from '../../errors.ts';
import { AttentionPooling as HousePooling } from '../../nn/pooling.ts';
import { add, dropout, matmul, mul, reshape, select, softmax, sum, tanh } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type CallContext, type CommonOptions, KerasLayer, lastExtent, layerConfig, requireRank } from '../layer.ts';
import type { Mask } from '../mask.ts';
import { Weight } from '../weight.ts';
import { pack } from './recurrent/packed.ts';

export interface AttentionPoolingOptions extends CommonOptions {
  /** Width of the hidden layer of the scores. Default F. */
  readonly units?: number | undefined;
}

export class AttentionPooling extends KerasLayer {
  readonly config: { readonly layer: 'attentionPooling' } & AttentionPoolingOptions;
  override readonly maskUse = 'consume';
  #pooling!: HousePooling;

  constructor(options: AttentionPoolingOptions = {}) {
    super();
    this.config = layerConfig('attentionPooling', options, { units: count });
  }

  override build([shape]: readonly Shape[]): void {
    requireRank(this.name, shape, 3, 'sequences [B, T, F]');
    this.#pooling = new HousePooling({ units: this.config.units });
    const input = [-1, -1, lastExtent(this.name, shape)];
    for (const weight of Weight.of((declarations) => this.#pooling.build(input, declarations))) this.takeWeight(weight);
  }

  override outputShape([[B, , F]]: readonly Shape[]): Shape {
    return [B, F];
  }

  call([x]: readonly Tensor[], { masks: [mask] }: CallContext): Tensor {
    const { xs, lengths } = pack(x, mask ?? null, false);
    if (lengths === null) return this.#pooling.run(xs).pooled;
    const { pooled } = this.#pooling.run(
      xs,
      lengths.map((n) => Math.max(1, n)),
    );
    // A row without steps gives 0.
    return lengths.every((n) => n > 0) ? pooled : select(x.device.tensor(lengths, [lengths.length, 1]), pooled, 0);
  }
}

/**
 * Attention pooling (Yang 2016), a mean over the steps that the mask counts with trainable weights, `[B, T, F]` → `[B, F]`; the
 * library's own layer, with its weights: `key.weight`, `key.bias`, `score.weight`.
 */
export const attentionPooling = (options: AttentionPoolingOptions = {}): AttentionPooling =>
  new AttentionPooling(options);

export interface AttentionOptions extends CommonOptions {
  /** Whether scores have a trainable factor (dot) or vector (concat). Default false; true for additiveAttention. */
  readonly useScale?: boolean | undefined;
  /** 'dot': q·k; 'concat': Σ tanh(q + k). Default 'dot'. */
  readonly scoreMode?: 'dot' | 'concat' | undefined;
  /** Of the attention weights. Default 0. */
  readonly dropout?: number | undefined;
  /** No query attends to a later step. Default false. */
  readonly causal?: boolean | undefined;
}

export class Attention extends KerasLayer {
  readonly config: { readonly layer: 'attention' | 'additiveAttention' } & AttentionOptions;
  #scale: Weight | null = null;

  constructor(layer: 'attention' | 'additiveAttention', options: AttentionOptions = {}) {
    super();
    this.config = layerConfig(layer, options, {
      useScale: flag,
      scoreMode: oneOf(['dot', 'concat']),
      dropout: number({ from: 0, below: 1 }),
      causal: flag,
    });
  }

  get #isAdditive(): boolean {
    return this.config.layer === 'additiveAttention';
  }

  override build([query]: readonly Shape[]): void {
    const { useScale = this.#isAdditive, scoreMode = 'dot' } = this.config;
    if (this.#isAdditive) {
      this.#scale = useScale
        ? this.addWeight('scale', [lastExtent(this.name, query)], { initializer: 'glorotUniform' })
        : null;
      return;
    }
    this.#scale = useScale ? this.addWeight('scale', [], { initializer: 'ones' }) : null;
    if (scoreMode === 'concat') this.#concatScale = this.addWeight('concatScoreWeight', [], { initializer: 'ones' });
  }

  #concatScale: Weight | null = null;

  override outputShape(shapes: readonly Shape[]): Shape {
    const [query, value, key = value] = shapes;
    const fits =
      shapes.length >= 2 && shapes.length <= 3 && shapes.every((one) => one.length === 3) && query[2] === key[2];
    if (fits) return [query[0], query[1], value[2]];
    throw new ShapeError(
      `${this.name}: takes [query [B, T, D], value [B, S, V]] and perhaps a key [B, S, D], received ${shapes.map(formatShape).join(', ')}`,
      { shapes },
    );
  }

  call([query, value, key = value]: readonly Tensor[], context: CallContext): Tensor {
    const { device } = query;
    const [B, T] = query.shape;
    const S = value.shape[1];
    let scores = this.#scores(query, key); // [B, T, S]
    const mask = context.masks[1] ?? null;
    const { causal = false, dropout: rate = 0 } = this.config;
    if (causal || (mask && !mask.full)) {
      const open = Float64Array.from({ length: B * T * S }, (_, i) => {
        const [b, t, s] = [Math.floor(i / (T * S)), Math.floor(i / S) % T, i % S];
        return Number((mask?.at(b, s) ?? true) && !(causal && s > t));
      });
      scores = select(device.tensor(open, [B, T, S]), scores, -1e9);
    }
    const weights = softmax(scores);
    const kept = context.training && rate > 0 ? dropout(weights, rate, context.random) : weights;
    return matmul(kept, mask && !mask.full ? select(device.tensor(mask.values, [B, S, 1]), value, 0) : value);
  }

  #scores(query: Tensor, key: Tensor): Tensor {
    const [B, T, D] = query.shape;
    const S = key.shape[1];
    const scaled = (x: Tensor): Tensor => (this.#scale ? mul(x, this.#scale.value) : x);
    if (!this.#isAdditive && this.config.scoreMode !== 'concat')
      return scaled(matmul(query, key, { transposeB: true }));
    const both = add(reshape(query, [B, T, 1, D]), reshape(key, [B, 1, S, D]));
    if (this.#isAdditive) return sum(scaled(tanh(both)), { axes: -1 });
    const total = sum(tanh(scaled(both)), { axes: -1 });
    return this.#concatScale ? mul(total, this.#concatScale.value) : total;
  }

  /** The query's. */
  override computeMask([mask]: readonly (Mask | null)[]): readonly (Mask | null)[] {
    return [mask ?? null];
  }
}

/**
 * Attention by products (Luong 2015): inputs [query `[B, T, D]`, value `[B, S, V]`] or [query, value, key], output `[B, T, V]`. The
 * mask of the value says where to look; that of the query is passed on.
 */
export const attention = (options: AttentionOptions = {}): Attention => new Attention('attention', options);
/** Additive attention (Bahdanau 2015), Σ v tanh(q + k). Inputs and masks as of `attention`. Weight: `scale` [D]. */
export const additiveAttention = (options: Omit<AttentionOptions, 'scoreMode'> = {}): Attention =>
  new Attention('additiveAttention', options);
