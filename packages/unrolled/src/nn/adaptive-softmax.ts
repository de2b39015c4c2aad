import { count, number, required } from '../checks.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { idsOf } from '../ops/ids.ts';
import { add, concat, crossEntropy, embedding, linear, logSoftmax, reshape, select, slice } from '../ops/index.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import type { Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import type { Declarations, Parameter } from './parameters.ts';

export interface AdaptiveSoftmaxOptions {
  /** V, the number of classes, ordered by falling frequency. */
  readonly classes: number;
  /** Rising class ids below V that split the classes: the first part is scored by the head, each other one is a cluster. */
  readonly cutoffs: readonly number[];
  /** Cluster i, from 1, is projected to F / divisor^i features. Default 4. */
  readonly divisor?: number;
}

interface Tail {
  readonly down: Parameter;
  readonly up: Parameter;
}

/**
 * Adaptive softmax (Grave 2017): the head scores the frequent classes and the clusters of rare ones; a cluster is scored
 * only for targets in it.
 *
 *     log P(class) = log P_head(class),  or  log P_head(cluster) + log P_cluster(class)
 *
 * Parameters as PyTorch's AdaptiveLogSoftmaxWithLoss: `head.weight` [first cutoff + clusters, F], and for cluster i from
 * 0 `tail.<i>.0.weight` [F / divisor^(i+1), F] and `tail.<i>.1.weight` [classes of it, F / divisor^(i+1)].
 */
export class AdaptiveSoftmax extends Buildable<{ head: Parameter; tails: readonly Tail[] }> implements Layer {
  readonly config: { readonly layer: 'adaptiveSoftmax' } & AdaptiveSoftmaxOptions;
  /** The first class of each cluster, then V. */
  readonly #bounds: readonly number[];

  /** @throws ConfigError unless the cutoffs are whole numbers that rise from 1 to below V */
  constructor(options: AdaptiveSoftmaxOptions) {
    super();
    this.config = layerConfig('adaptiveSoftmax', options, {
      classes: required(count),
      cutoffs: required({ must: 'a list of whole numbers', fits: Array.isArray }),
      divisor: number({ from: 1 }),
    });
    const { classes, cutoffs } = options;
    const bounds = [0, ...cutoffs, classes];
    const rising = bounds.every((bound, i) => Number.isInteger(bound) && (i === 0 || bound > bounds[i - 1]));
    if (!rising || cutoffs.length === 0) {
      throw new ConfigError(
        `adaptive softmax: cutoffs must be whole numbers that rise from 1 to below ${classes}, received [${cutoffs}]`,
        { classes, cutoffs },
      );
    }
    this.#bounds = bounds.slice(1);
  }

  /** For inputs `[…, F]`. */
  build(input: Shape, declarations: Declarations): Shape {
    const { cutoffs, classes, divisor = 4 } = this.config;
    const features = input.at(-1)!;
    const weight = { kind: 'xavier', floor: true } as const;
    const head = declarations.declare('head.weight', [cutoffs[0] + cutoffs.length, features], weight);
    const tails = cutoffs.map((start, i) => {
      const width = Math.max(1, Math.floor(features / divisor ** (i + 1)));
      const within = declarations.within(`tail.${i}`);
      return {
        down: within.declare('0.weight', [width, features], weight),
        up: within.declare('1.weight', [this.#bounds[i + 1] - start, width], weight),
      };
    });
    this.parts = { head, tails };
    return [...input.slice(0, -1), classes];
  }

  /** −log P(target) in nats: x `[…, F]`, target ids int32 `[…]` → `[…]`; 0 where the target is negative. */
  losses(x: Tensor, targets: Tensor): Tensor {
    const { device } = x;
    const { classes, cutoffs } = this.config;
    const features = x.shape.at(-1)!;
    const ids = Int32Array.from(idsOf('adaptive softmax', targets));
    const wrong = ids.findIndex((id) => id >= classes);
    if (targets.size !== x.size / features || wrong >= 0) {
      throw new ShapeError(
        `adaptive softmax: input ${formatShape(x.shape)} needs one target below ${classes} for each row, received ` +
          `${wrong >= 0 ? `target ${ids[wrong]}` : formatShape(targets.shape)}`,
        { x: x.shape, targets: targets.shape },
      );
    }
    const all = reshape(x, [targets.size, features]);
    // Rows without a target must not reach the gradient of the weights as 0 · NaN.
    const asked = ids.some((id) => id < 0) ? Float64Array.from(ids, (id) => Number(id >= 0)) : null;
    const rows = asked ? select(device.tensor(asked, [targets.size, 1]), all, 0) : all;
    /** The cluster of an id, from 0; −1 for classes of the head. */
    const clusterOf = (id: number): number => this.#bounds.findIndex((bound) => id < bound) - 1;
    const inHead = Int32Array.from(ids, (id) => {
      const cluster = id < 0 ? -1 : clusterOf(id);
      return cluster < 0 ? id : cutoffs[0] + cluster;
    });
    const head = crossEntropy(linear(rows, this.parts.head.value), device.ids(inHead));
    // The clusters' losses, concatenated after a 0 for all rows in none of them.
    const parts = [device.zeros([1])];
    const places = new Int32Array(ids.length);
    let place = 1;
    this.parts.tails.forEach((_, cluster) => {
      const own = Array.from(ids.keys()).filter((row) => ids[row] >= 0 && clusterOf(ids[row]) === cluster);
      if (own.length === 0) return;
      const logits = this.#cluster(embedding(rows, device.ids(own)), cluster);
      parts.push(crossEntropy(logits, device.ids(own.map((row) => ids[row] - cutoffs[cluster]))));
      for (const row of own) places[row] = place++;
    });
    const tail = embedding(reshape(concat(parts), [place, 1]), device.ids(places));
    return reshape(add(head, reshape(tail, [ids.length])), targets.shape);
  }

  /** log P of every class, `[…, F]` → `[…, V]`. */
  apply(x: Tensor): Tensor {
    const [first] = this.config.cutoffs;
    const head = logSoftmax(linear(x, this.parts.head.value));
    const tails = this.parts.tails.map((_, cluster) =>
      add(logSoftmax(this.#cluster(x, cluster)), slice(head, -1, first + cluster, first + cluster + 1)),
    );
    return concat([slice(head, -1, 0, first), ...tails], -1);
  }

  #cluster(x: Tensor, cluster: number): Tensor {
    const { down, up } = this.parts.tails[cluster];
    return linear(linear(x, down.value), up.value);
  }
}
