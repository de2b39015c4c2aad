import { Attention } from '../../nn/attention.ts';
import { Buildable } from '../../nn/buildable.ts';
import { shapeDevice } from '../../nn/cells/shape-device.ts';
import { Dropout } from '../../nn/dropout.ts';
import type { Context } from '../../nn/layer.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { pool } from '../../nn/pooling.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import { type Encoded, type EncodedShapes, type Encoder, shapesOf } from '../../nn/seq2seq/encoded.ts';
import { concat, embedding, reshape } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { EmbeddedClips } from './clip-network.ts';
import type { VideoEventsConfig } from './config.ts';
import type { Span } from './proposals.ts';

/** Clips, and the events of each, whose order is that of the rows. */
export interface EventBatch {
  readonly embedded: EmbeddedClips;
  readonly spans: readonly (readonly Span[])[];
}

/**
 * Reads events, each from its own frames alone, and what it knows of the others from their vectors (Krishna 2017): with h_i the mean
 * of the recurrent layers' outputs over the frames of event i,
 *
 *     past_i = Σ_j softmax_j(h_iᵀ W h_j / √D) · h_j   over the events j that end before i does, and over nothing, whose vector is 0
 *
 * and likewise the future over the others. The decoder attends to the frames, and [h_i; past_i; future_i] is part of its every input.
 * Parameters: `<cell>.weight_ih_l0` …, `past.key.weight` [D, D], `future.key.weight`.
 */
export class EventEncoder extends Buildable<{ readonly built: true }> implements Encoder<EventBatch, Shape> {
  readonly config: { readonly layer: 'eventEncoder' } & VideoEventsConfig;
  readonly #recurrent: Recurrent;
  readonly #dropout: Dropout;
  readonly #past: Attention | null;
  readonly #future: Attention | null;

  constructor(config: VideoEventsConfig) {
    super();
    this.config = { layer: 'eventEncoder', ...config };
    const { cell, hidden, layers, dropout, bidirectional, context = 'both' } = config;
    this.#recurrent = new Recurrent({ cell, hidden, layers, dropout, bidirectional });
    this.#dropout = new Dropout({ rate: dropout });
    const attention = (): Attention => new Attention({ score: 'scaled-general' });
    this.#past = context === 'none' ? null : attention();
    this.#future = context === 'both' ? attention() : null;
  }

  build(frames: Shape, declarations: Declarations): EncodedShapes {
    const memory = this.#recurrent.build(frames, declarations.within('reader'));
    const D = memory.at(-1)!;
    const shapes = { queries: [-1, -1, D], memory: [-1, -1, D] };
    this.#past?.build(shapes, declarations.within('past'));
    this.#future?.build(shapes, declarations.within('future'));
    this.parts = { built: true };
    const parts = 1 + (this.#past ? 1 : 0) + (this.#future ? 1 : 0);
    return { memory, state: shapesOf(this.#recurrent.initialState(1, shapeDevice())), constant: [-1, parts * D] };
  }

  apply({ embedded: { xs }, spans }: EventBatch, context: Context): Encoded {
    const { device } = xs;
    const [T, B, F] = xs.shape;
    const all = spans.flatMap((own, b) => own.map(({ start, end }) => ({ b, start, length: end - start })));
    const lengths = all.map(({ length }) => length);
    const [S, N] = [Math.max(...lengths), all.length];
    const places = Int32Array.from({ length: S * N }, (_, i) => {
      const { b, start, length } = all[i % N];
      return (start + Math.min(Math.floor(i / N), length - 1)) * B + b;
    });
    const frames = embedding(reshape(xs, [T * B, F]), device.ids(places, [S, N])); // [S, N, F]
    const { outputs, state } = this.#recurrent.run(frames, context, { lengths });
    const own = pool('mean', outputs, lengths); // [N, D]
    const [past, future] = neighbours(spans);
    const known = [own];
    if (this.#past) known.push(lookedUp(this.#past, own, past));
    if (this.#future) known.push(lookedUp(this.#future, own, future));
    return { memory: this.#dropout.apply(outputs, context), lengths, state, constant: concat(known, -1) };
  }
}

/** The rows of the events of the same clip that end before each, and of the others. Of two that end together the first is earlier. */
export function neighbours(spans: readonly (readonly Span[])[]): [past: number[][], future: number[][]] {
  const found: [number[][], number[][]] = [[], []];
  let first = 0;
  for (const own of spans) {
    for (const [i, one] of own.entries()) {
      const isPast = ({ end }: Span, j: number): boolean => end < one.end || (end === one.end && j < i);
      const others = own.map((_, j) => j).filter((j) => j !== i);
      found[0].push(others.filter((j) => isPast(own[j], j)).map((j) => first + j));
      found[1].push(others.filter((j) => !isPast(own[j], j)).map((j) => first + j));
    }
    first += own.length;
  }
  return found;
}

/** What attention of each event finds among rows of other events, or nothing, `[N, D]`. */
function lookedUp(attention: Attention, own: Tensor, others: readonly (readonly number[])[]): Tensor {
  const { device } = own;
  const [N, D] = own.shape;
  const table = concat([own, device.zeros([1, D])], 0);
  const S = 1 + Math.max(...others.map(({ length }) => length));
  const places = Int32Array.from({ length: S * N }, (_, i) => {
    const s = Math.floor(i / N);
    return s === 0 ? N : (others[i % N][s - 1] ?? N);
  });
  const memory = embedding(table, device.ids(places, [S, N])); // [S, N, D]
  const lengths = others.map(({ length }) => 1 + length);
  return attention.step(own, attention.prepare(memory, lengths)).context;
}
