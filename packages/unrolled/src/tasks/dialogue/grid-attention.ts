import { Buildable } from '../../nn/buildable.ts';
import type { Layer } from '../../nn/layer.ts';
import { LayerNorm } from '../../nn/layer-norm.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { add, concat, linear, matmul, mul, relu, reshape, sigmoid, slice, softmax, sum } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Rows and columns of places. */
export type Grid = readonly [rows: number, columns: number];

/** A query `[B, Q]`, what `prepare` makes of the places, and where was looked before: `nearby` of its weights, or null. */
export interface GridInputs {
  readonly query: Tensor;
  readonly places: Places;
  readonly near: Tensor | null;
}

/** Places, and U p_l, which all queries share. */
export interface Places {
  readonly values: Tensor; // [B, L, D]
  readonly keys: Tensor; // [B, L, A]
}

export interface GridShapes {
  readonly query: Shape;
  readonly places: Shape;
}

/** What a look at the places found. */
export interface Look {
  /** `[B, L]`, each row with sum 1. */
  readonly weights: Tensor;
  /** What is at the places, `[B, 2D + 1]`. */
  readonly found: Tensor;
}

/**
 * Attention to the places of a grid, by what is there and by where it lies from where was looked before:
 *
 *     e_l = vᵀ relu((1 + W q + w) ⊙ U p_l + B q + b) + c + Σ_δ κ_δ m_{l−δ},   κ = K q + k;   weights = softmax over l of e_l
 *     found = norm([Σ_l weight_l p_l; Σ_l σ(e_l) p_l; Σ_l σ(e_l)])
 *
 * The sums tell how many places fit, which weights with sum 1 do not. Here q is the query, by which the features p_l of place l are
 * scaled and shifted (FiLM, Perez 2018), m the weights of an earlier look, and δ all offsets between two places of the grid of
 * R × C (after the attention memory of Seo 2017).
 *
 * Parameters: `query.weight` [2A, Q], `query.bias`, `place.weight` [A, D], `score.weight` [1, A], `score.bias` [1], `norm.…`,
 * `offset.weight` [(2R − 1)(2C − 1), Q], `offset.bias`.
 */
export class GridAttention
  extends Buildable<Readonly<Record<'query' | 'place' | 'score' | 'offset', Linear>> & { readonly norm: LayerNorm }>
  implements Layer<GridInputs, Look, GridShapes>
{
  readonly config: { readonly layer: 'gridAttention'; readonly units: number; readonly grid: Grid };

  /** @param options  A, the width of the hidden layer, and R and C */
  constructor(options: { readonly units: number; readonly grid: Grid }) {
    super();
    this.config = { layer: 'gridAttention', ...options };
  }

  build({ query, places }: GridShapes, declarations: Declarations): Shape {
    const { units, grid } = this.config;
    const part = (name: string, input: Shape, width: number, bias = true, biasInit = 0): Linear => {
      const made = new Linear({ units: width, bias, ...(bias && { biasInit }) });
      made.build(input, declarations.within(name));
      return made;
    };
    const norm = new LayerNorm();
    norm.build([-1, foundWidth(places[2])], declarations.within('norm'));
    this.parts = {
      norm,
      query: part('query', query, 2 * units),
      place: part('place', places, units, false),
      // Few places fit at first, so that their sum is as large as their mean.
      score: part('score', [-1, -1, units], 1, true, -Math.log(grid[0] * grid[1] - 1)),
      offset: part('offset', query, offsetsOf(grid)),
    };
    return [query[0], foundWidth(places[2])];
  }

  prepare(places: Tensor): Places {
    return { values: places, keys: this.parts.place.apply(places) };
  }

  apply({ query, places, near }: GridInputs): Look {
    const { query: asked, score, offset, norm } = this.parts;
    const [B, L, D] = places.values.shape;
    const { units: A } = this.config;
    const q = reshape(asked.apply(query), [B, 1, 2 * A]);
    const [factor, shift] = [slice(q, 2, 0, A), slice(q, 2, A, 2 * A)];
    const hidden = relu(add(add(mul(factor, places.keys), places.keys), shift));
    const there = reshape(score.apply(hidden), [B, L]);
    const kernel = offset.apply(query);
    const scores = near ? add(there, reshape(matmul(near, reshape(kernel, [B, kernel.shape[1], 1])), [B, L])) : there;
    const weights = softmax(scores);
    const gates = sigmoid(scores);
    const both = matmul(concat([reshape(weights, [B, 1, L]), reshape(gates, [B, 1, L])], 1), places.values); // [B, 2, D]
    const n = reshape(sum(gates, { axes: -1 }), [B, 1]);
    return { weights, found: norm.apply(concat([reshape(both, [B, 2 * D]), n], -1)) };
  }
}

/** F, the numbers of what is found at places of D features. */
export const foundWidth = (depth: number): number => 2 * depth + 1;

const offsetsOf = ([rows, columns]: Grid): number => (2 * rows - 1) * (2 * columns - 1);

/** The matrix that moves maps of a grid by every offset, `[L · O, L]`: (l, δ) ← l − δ. */
export function offsetMatrix(grid: Grid, device: Device): Tensor {
  const [rows, columns] = grid;
  const [L, O] = [rows * columns, offsetsOf(grid)];
  const values = new Float32Array(L * O * L);
  for (let from = 0; from < L; from++) {
    for (let to = 0; to < L; to++) {
      const down = Math.floor(to / columns) - Math.floor(from / columns) + rows - 1;
      const right = (to % columns) - (from % columns) + columns - 1;
      values[(to * O + down * (2 * columns - 1) + right) * L + from] = 1;
    }
  }
  return device.tensor(values, [L * O, L]);
}

/** Maps `[B, L]` moved by every offset, `[B, L, O]`: 0 where the offset leads beyond the grid. */
export function nearby(maps: Tensor, offsets: Tensor): Tensor {
  const [B, L] = maps.shape;
  return reshape(linear(maps, offsets), [B, L, offsets.shape[0] / L]);
}
