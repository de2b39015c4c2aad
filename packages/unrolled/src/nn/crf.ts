import { gradients } from '../autodiff/gradients.ts';
import { anything, count, required } from '../checks.ts';
import { DataError, ShapeError } from '../errors.ts';
import { idsOf } from '../ops/ids.ts';
import { add, embedding, logSumExp, reshape, select, slice, sub, sum, transpose, unstack } from '../ops/index.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import type { Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import { activeSteps, requireLengths, sumOverTime } from './lengths.ts';
import type { Declarations, Parameter } from './parameters.ts';
import { type TagScores, viterbi } from './viterbi.ts';

/** Which tags may start, end and follow each other in a sequence. */
export interface TagConstraints {
  /** `[K]`: whether a sequence may start with tag k. */
  readonly start: readonly boolean[];
  /** `[K]`: whether it may end with tag k. */
  readonly end: readonly boolean[];
  /** `[K][K]`: whether tag j may follow tag i, as `transitions[i][j]`. */
  readonly transitions: readonly (readonly boolean[])[];
}

export interface LinearChainCrfOptions {
  /** K, number of tags. */
  readonly tags: number;
  /** Default: any tag may follow any other. */
  readonly constraints?: TagConstraints | undefined;
}

/** Emissions `[T, B, K]`, tags int32 `[T, B]`, and the number of steps of each row. Default: T for all. */
export interface CrfInputs {
  readonly emissions: Tensor;
  readonly tags: Tensor;
  readonly lengths?: readonly number[] | null | undefined;
}

/** Added to the score of a forbidden transition: its exponential is 0, and sums stay finite. */
const forbidden = -1e4;

/**
 * A linear-chain conditional random field (Lafferty 2001) over the emissions of a network (Lample 2016): emissions
 * `[T, B, K]` and tags y, with lengths.
 *
 *     score(y) = start[y_1] + Σ_t emission_t[y_t] + Σ_{t>1} transition[y_{t−1}, y_t] + end[y_n]
 *     log P(y) = score(y) − log Z,   Z = Σ over all tag sequences of e^score
 *
 * Parameters: `start_transitions` [K], `end_transitions` [K], `transitions` [K, K] (from, to).
 *
 * @example
 * const loss = crf.negativeLogLikelihood(emissions, tags, lengths).mean();
 * const { tags } = await crf.decode(emissions, lengths);
 */
export class LinearChainCrf
  extends Buildable<Readonly<Record<'start' | 'end' | 'transitions', Parameter>>>
  implements Layer<CrfInputs, Tensor, { readonly emissions: Shape }>
{
  readonly config: { readonly layer: 'crf' } & LinearChainCrfOptions;

  /** @throws ConfigError on an unknown option or a number of tags that is not whole; ShapeError if the constraints do not fit it */
  constructor(options: LinearChainCrfOptions) {
    super();
    this.config = layerConfig('crf', options, { tags: required(count), constraints: anything });
    const { tags, constraints } = options;
    const rows = constraints ? [constraints.start, constraints.end, ...constraints.transitions] : [];
    const odd = rows.find((row) => row.length !== tags);
    if (odd !== undefined || (constraints && constraints.transitions.length !== tags)) {
      throw new ShapeError(
        `crf: constraints must be for ${tags} tags: start and end [${tags}], transitions [${tags}][${tags}]; ` +
          `received ${odd ? `a row of ${odd.length}` : `${constraints!.transitions.length} rows of transitions`}`,
        { tags },
      );
    }
  }

  build({ emissions }: { readonly emissions: Shape }, declarations: Declarations): Shape {
    const { tags } = this.config;
    const weight = { kind: 'uniform', limit: 0.1 } as const;
    this.parts = {
      start: declarations.declare('start_transitions', [tags], weight),
      end: declarations.declare('end_transitions', [tags], weight),
      transitions: declarations.declare('transitions', [tags, tags], weight),
    };
    return emissions.slice(1, -1);
  }

  /** See `negativeLogLikelihood`. */
  apply({ emissions, tags, lengths }: CrfInputs): Tensor {
    return this.negativeLogLikelihood(emissions, tags, lengths);
  }

  /**
   * −log P(tags) of each row in nats, `[B]`.
   * @param tags  int32 `[T, B]`; values beyond a row's length are ignored
   * @throws DataError if tags break a constraint: their probability is 0
   */
  negativeLogLikelihood(emissions: Tensor, tags: Tensor, lengths: readonly number[] | null = null): Tensor {
    return sub(this.logPartition(emissions, lengths), this.score(emissions, tags, lengths));
  }

  /** log Z by the forward algorithm, `[B]`. */
  logPartition(emissions: Tensor, lengths: readonly number[] | null = null): Tensor {
    const counts = this.#require(emissions, lengths);
    const [T, B, K] = emissions.shape;
    const { start, end, transitions } = this.#potentials(emissions);
    const into = transpose(transitions); // [to, from]
    const active = unstack(reshape(activeSteps(counts, T, emissions.device), [T, B, 1]));
    const [first, ...rest] = unstack(emissions);
    const alpha = rest.reduce(
      (before, emission, index) => {
        const paths = add(reshape(before, [B, 1, K]), into); // [B, to, from]
        const after = add(logSumExp(paths), emission);
        return lengths === null ? after : select(active[index + 1], after, before);
      },
      add(first, start),
    );
    return logSumExp(add(alpha, end));
  }

  /** The score of the given tags, int32 `[T, B]` → `[B]`. @throws DataError if they break a constraint */
  score(emissions: Tensor, tags: Tensor, lengths: readonly number[] | null = null): Tensor {
    const counts = this.#require(emissions, lengths);
    const { device } = emissions;
    const [T, B, K] = emissions.shape;
    if (tags.dtype !== 'int32' || tags.shape[0] !== T || tags.shape[1] !== B || tags.rank !== 2) {
      throw new ShapeError(
        `crf: emissions ${formatShape(emissions.shape)} need int32 tags [${T}, ${B}], received ${tags.dtype} ` +
          `${formatShape(tags.shape)}`,
        { emissions: emissions.shape, tags: tags.shape },
      );
    }
    const ids = idsOf('crf', tags);
    const tag = (t: number, b: number): number => ids[t * B + b];
    this.#requireAllowed(tag, counts);
    const { start, end, transitions } = this.#potentials(emissions);
    const active = activeSteps(counts, T, device);
    /** Sum over the steps t ≥ `from` of each row b of table[place(t, b)]: `[B]`. */
    const along = (table: Tensor, from: number, place: (t: number, b: number) => number): Tensor => {
      const places = Array.from({ length: (T - from) * B }, (_, i) => {
        const [t, b] = [from + Math.floor(i / B), i % B];
        return t < counts[b] ? place(t, b) : 0;
      });
      const found = embedding(reshape(table, [-1, 1]), device.ids(places, [T - from, B]));
      return sumOverTime(select(slice(active, 0, from), reshape(found, [T - from, B]), 0));
    };
    const ends = (table: Tensor, step: (b: number) => number): Tensor =>
      reshape(embedding(reshape(table, [K, 1]), device.ids(counts.map((_, b) => tag(step(b), b)))), [B]);
    const emitted = along(emissions, 0, (t, b) => (t * B + b) * K + tag(t, b));
    const moved = T === 1 ? null : along(transitions, 1, (t, b) => tag(t - 1, b) * K + tag(t, b));
    const edges = add(
      ends(start, () => 0),
      ends(end, (b) => counts[b] - 1),
    );
    return add(moved ? add(emitted, moved) : emitted, edges);
  }

  /**
   * P(y_t = k) for every step and tag, `[T, B, K]`, 0 beyond a row's length: the gradient of log Z with respect to the
   * emissions. Not recorded for gradients.
   */
  marginals(emissions: Tensor, lengths: readonly number[] | null = null): Tensor {
    const { device } = emissions;
    return device.scope(() => {
      const leaf = emissions.track();
      const total = device.withGradients(() => sum(this.logPartition(leaf, lengths)));
      return gradients(total, [leaf])[0];
    });
  }

  /** What `viterbi` finds the most likely tags from: the emissions, and the parameters, forbidden transitions far below. */
  scores(emissions: Tensor): TagScores<Tensor> {
    return { emissions, ...this.#potentials(emissions) };
  }

  /** The most likely tags of each row and their score; see `viterbi`. */
  async decode(
    emissions: Tensor,
    lengths: readonly number[] | null = null,
  ): Promise<{ tags: number[][]; scores: number[] }> {
    const { device } = emissions;
    const counts = this.#require(emissions, lengths);
    return viterbi(await device.read(() => device.withoutGradients(() => this.scores(emissions))), counts);
  }

  get #values(): { start: Tensor; end: Tensor; transitions: Tensor } {
    const { start, end, transitions } = this.parts;
    return { start: start.value, end: end.value, transitions: transitions.value };
  }

  /** The parameters, with forbidden transitions far below all others. */
  #potentials({ device }: Tensor): { start: Tensor; end: Tensor; transitions: Tensor } {
    const { constraints, tags } = this.config;
    const { start, end, transitions } = this.#values;
    if (!constraints) return { start, end, transitions };
    const limits = (allowed: readonly boolean[]): number[] => allowed.map((may) => (may ? 0 : forbidden));
    return {
      start: add(start, device.tensor(limits(constraints.start))),
      end: add(end, device.tensor(limits(constraints.end))),
      transitions: add(transitions, device.tensor(constraints.transitions.flatMap(limits), [tags, tags])),
    };
  }

  #require(emissions: Tensor, lengths: readonly number[] | null): readonly number[] {
    const [T, B, K] = emissions.shape;
    if (emissions.rank !== 3 || K !== this.config.tags || T === 0) {
      throw new ShapeError(
        `crf: emissions must be [T, B, ${this.config.tags}] with at least one step, received ${formatShape(emissions.shape)}`,
        { emissions: emissions.shape, tags: this.config.tags },
      );
    }
    if (lengths !== null) requireLengths('crf', lengths, T, B);
    return lengths ?? new Array<number>(B).fill(T);
  }

  #requireAllowed(tag: (t: number, b: number) => number, counts: readonly number[]): void {
    const { tags, constraints } = this.config;
    const refuse = (t: number, b: number, why: string): never => {
      throw new DataError(`crf: row ${b} has tag ${tag(t, b)} at step ${t}, ${why}`, { row: b, step: t });
    };
    counts.forEach((length, b) => {
      for (let t = 0; t < length; t++) {
        const now = tag(t, b);
        if (!(now >= 0 && now < tags)) refuse(t, b, `but tags run from 0 to ${tags - 1}`);
        if (!constraints) continue;
        if (t === 0 && !constraints.start[now]) refuse(t, b, 'with which no sequence may start; correct the labels');
        if (t > 0 && !constraints.transitions[tag(t - 1, b)][now]) {
          refuse(t, b, `which may not follow ${tag(t - 1, b)}; correct the labels, or omit the constraints`);
        }
        if (t === length - 1 && !constraints.end[now])
          refuse(t, b, 'with which no sequence may end; correct the labels');
      }
    });
  }
}
