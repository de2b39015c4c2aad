import { anything, count, required, whole } from '../../checks.ts';
import { Buildable } from '../../nn/buildable.ts';
import { type CellSource, createCell } from '../../nn/cells/registry.ts';
import { shapeDevice } from '../../nn/cells/shape-device.ts';
import { type Context, inference } from '../../nn/layer.ts';
import { layerConfig } from '../../nn/layer-config.ts';
import { sumOverTime } from '../../nn/lengths.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { type Encoded, type EncodedShapes, type Encoder, stateOf } from '../../nn/seq2seq/encoded.ts';
import type { StackState } from '../../nn/sequence-layer.ts';
import { concat, mul, relu, sum } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Dot } from './game.ts';

/** Dots of a batch, padded to the largest number N of them. */
export interface DotBatch {
  readonly dots: Tensor; // [N, B, 4]
  /** Of each pair i, j: d_j − d_i, and how far apart the two are. */
  readonly pairs: Tensor; // [N, N, B, 5]
  /** 1 for a pair of two different dots, else 0, over the number of such pairs of dot i. */
  readonly present: Tensor; // [N, N, B, 1]
  readonly lengths: readonly number[];
}

const featuresOf = ({ x, y, size, colour }: Dot): readonly number[] => [x, y, size, colour];

export function dotBatch(scenes: readonly (readonly Dot[])[], device: Device): DotBatch {
  const B = scenes.length;
  const lengths = scenes.map(({ length }) => length);
  const N = Math.max(...lengths);
  const dots = new Float32Array(N * B * 4);
  const pairs = new Float32Array(N * N * B * 5);
  const present = new Float32Array(N * N * B);
  scenes.forEach((scene, b) => {
    for (const [i, dot] of scene.entries()) {
      const own = featuresOf(dot);
      dots.set(own, (i * B + b) * 4);
      for (const [j, other] of scene.entries()) {
        if (i === j) continue;
        const difference = featuresOf(other).map((value, f) => value - own[f]);
        const at = (i * N + j) * B + b;
        pairs.set([...difference, Math.hypot(difference[0], difference[1])], at * 5);
        present[at] = 1 / (scene.length - 1);
      }
    }
  });
  return {
    dots: device.tensor(dots, [N, B, 4]),
    pairs: device.tensor(pairs, [N, N, B, 5]),
    present: device.tensor(present, [N, N, B, 1]),
    lengths,
  };
}

export interface DotEncoderOptions {
  /** U. */
  readonly units: number;
  /** The decoder's cell, hidden units and number of layers, for which the encoder makes a state. */
  readonly cell: CellSource;
  readonly hidden: number;
  readonly layers: number;
}

/**
 * A relation network over dots (Santoro 2017, as Udagawa & Aizawa 2019 use it): a dot as it is, and its relations to the others,
 *
 *     m_i = [relu(W d_i + b); mean over j ≠ i of relu(R [d_j − d_i; distance] + c)]
 *
 * The same for every dot, so their order does not matter. Parameters: `dot.weight` [U, 4], `dot.bias`, `pair.weight` [U, 5],
 * `pair.bias`, and layers behind each: `dot2.…`, `pair2.…`.
 */
export class DotEncoder
  extends Buildable<Readonly<Record<'dot' | 'dot2' | 'pair' | 'pair2', Linear>>>
  implements Encoder<DotBatch, null>
{
  readonly config: { readonly layer: 'dotEncoder' } & DotEncoderOptions;

  constructor(options: DotEncoderOptions) {
    super();
    this.config = layerConfig('dotEncoder', options, {
      units: required(count),
      cell: required(anything),
      hidden: required(count),
      // Each has a state before anything is known of its parameters.
      layers: required(whole({ from: 1, to: 1000 })),
    });
  }

  build(_: null, declarations: Declarations): EncodedShapes {
    const { units: U } = this.config;
    const part = (name: string, width: number): Linear => {
      const made = new Linear({ units: U });
      made.build([-1, width], declarations.within(name));
      return made;
    };
    this.parts = { dot: part('dot', 4), dot2: part('dot2', U), pair: part('pair', 5), pair2: part('pair2', U) };
    // For any number of rows: of no layer's own shape, so that the decoder's state is a map of it, however wide it is.
    const names = this.#stateOf(shapeDevice().zeros([1, 2 * U])).map(Object.keys);
    const state = names.map((parts) => Object.fromEntries(parts.map((name) => [name, [-1, 2 * U]])));
    return { memory: [-1, -1, 2 * U], state };
  }

  apply({ dots, pairs, present, lengths }: DotBatch, _: Context = inference): Encoded {
    const { dot, dot2, pair, pair2 } = this.parts;
    const own = relu(dot2.apply(relu(dot.apply(dots)))); // [N, B, U]
    const related = relu(pair2.apply(relu(pair.apply(pairs)))); // [N, N, B, U]
    const relations = sum(mul(related, present), { axes: 1 }); // [N, B, U]
    const memory = concat([own, relations], -1);
    const [N, B] = dots.shape;
    const active = lengths.flatMap((length) => Array.from({ length: N }, (_, i) => (i < length ? 1 / length : 0)));
    const mask = dots.device.tensor(
      Array.from({ length: N * B }, (_, i) => active[(i % B) * N + Math.floor(i / B)]),
      [N, B, 1],
    );
    return { memory, lengths, state: this.#stateOf(sumOverTime(mul(memory, mask))) };
  }

  #stateOf(vector: Tensor): StackState {
    const { cell, hidden, layers } = this.config;
    return stateOf(createCell(cell, hidden), layers, vector);
  }
}
