import { requireOptions } from '../checks.ts';
import { drawIds } from '../nn/draw-ids.ts';
import { Embedding } from '../nn/embedding.ts';
import { inference, initialiseParameters } from '../nn/layer.ts';
import { Linear } from '../nn/linear.ts';
import type { Declarations, Parameters } from '../nn/parameters.ts';
import { Recurrent } from '../nn/recurrent.ts';
import { drawnFrom, policyLoss } from '../nn/reinforce.ts';
import type { StackState } from '../nn/sequence-layer.ts';
import { add, reshape, scale, slice, softmax, stack } from '../ops/index.ts';
import { Optimizer } from '../optim/index.ts';
import type { Random } from '../random.ts';
import type { Shape } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Choices, type PolicyOptions, policyKinds, type SearchSpace } from './space.ts';

/** Rules a choice of another decision out; finite, so that no gradient is NaN. */
const never = -1e4;

/**
 * A policy over architectures (Zoph & Le 2017): an LSTM makes one decision at each step, given those before it,
 *
 *     x_t = E[choice_{t−1}];   h_t = LSTM(x_t, h_{t−1});   p(choice_t) = softmax(W_t h_t + b_t)
 *
 * Every choice of every decision has its own vector and its own row of W, so V is the sum of the numbers of choices. Parameters:
 * `embedding.weight` [V + 1, H], `lstm.…` as in PyTorch, `output.weight` [V, H], `output.bias` [V]. W begins near 0, so the first
 * draws are nearly uniform.
 */
export class Controller {
  readonly space: SearchSpace;
  readonly parameters: Parameters;
  readonly optimizer: Optimizer;
  readonly #device: Device;
  readonly #options: { readonly learningRate: number; readonly entropy: number };
  readonly #embedding: Embedding;
  readonly #lstm: Recurrent;
  readonly #output: Linear;
  /** The id of the first choice of each decision; V at the end. */
  readonly #offsets: readonly number[];
  /** 0 where a choice is of a decision, else −10⁴, `[T, 1, V]`. */
  readonly #mask: Tensor;

  /**
   * @param seed  of its parameters
   * @throws ConfigError on an option that is unknown or out of range
   */
  constructor(device: Device, space: SearchSpace, options: PolicyOptions = {}, seed = 1) {
    requireOptions('controller', options, policyKinds);
    const { hidden = 32, learningRate = 0.02, entropy = 0.01 } = options;
    this.space = space;
    this.#device = device;
    this.#options = { learningRate, entropy };
    const offsets = [0];
    for (const { choices } of space.decisions) offsets.push(offsets[offsets.length - 1] + choices.length);
    this.#offsets = offsets;
    const V = offsets[offsets.length - 1];
    const small = { kind: 'uniform', limit: 0.08 } as const;
    this.#embedding = new Embedding({
      vocabularySize: V + 1,
      dimension: hidden,
      weight: { kind: 'uniform', limit: 1 },
    });
    this.#lstm = new Recurrent({ cell: 'lstm', hidden });
    this.#output = new Linear({ units: V, weight: small });
    this.parameters = initialiseParameters(this, [-1, -1], device, seed);
    this.optimizer = new Optimizer(this.parameters, { method: 'adam' });
    const mask = space.decisions.flatMap((_, t) =>
      Array.from({ length: V }, (__, id) => (id >= this.#offsets[t] && id < this.#offsets[t + 1] ? 0 : never)),
    );
    this.#mask = device.keep(device.tensor(mask, [space.decisions.length, 1, V]));
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const xs = this.#embedding.build(ids, declarations.within('embedding'));
    const hs = this.#lstm.build(xs, declarations.within('lstm'));
    return this.#output.build(hs, declarations.within('output'));
  }

  /** T, decisions of an architecture. */
  get #steps(): number {
    return this.space.decisions.length;
  }

  /** The id of no choice, which precedes the first. */
  get #start(): number {
    return this.#offsets[this.#steps];
  }

  /** B architectures, drawn from the policy. */
  async sample(B: number, random: Random): Promise<Choices[]> {
    const device = this.#device;
    const drawn = await device.read(() =>
      device.withoutGradients(() => {
        let state: StackState | null = null;
        let ids = device.ids(new Int32Array(B).fill(this.#start), [B]);
        const all: Tensor[] = [];
        for (let t = 0; t < this.#steps; t++) {
          const xs = this.#embedding.apply(reshape(ids, [1, B]));
          const step: { outputs: Tensor; state: StackState } = this.#lstm.run(xs, inference, { state });
          state = step.state;
          const logits = add(this.#output.apply(step.outputs), slice(this.#mask, 0, t, t + 1)); // [1, B, V]
          ids = drawIds(reshape(logits, [B, this.#start]), random);
          all.push(ids);
        }
        return stack(all); // [T, B]
      }),
    );
    return Array.from({ length: B }, (_, b) =>
      this.#offsets.slice(0, -1).map((offset, t) => drawn[t * B + b] - offset),
    );
  }

  /** Logits of all decisions given those before them, `[T, B, V]`, and the ids of what was chosen, `[T, B]`. */
  #logits(candidates: readonly Choices[]): { logits: Tensor; ids: Tensor } {
    const [T, B] = [this.#steps, candidates.length];
    const ids = Int32Array.from({ length: T * B }, (_, i) => {
      const t = Math.floor(i / B);
      return this.#offsets[t] + candidates[i % B][t];
    });
    const before = new Int32Array(T * B).fill(this.#start);
    before.set(ids.subarray(0, (T - 1) * B), B);
    const hs = this.#lstm.apply(this.#embedding.apply(this.#device.ids(before, [T, B])));
    return { logits: add(this.#output.apply(hs), this.#mask), ids: this.#device.ids(ids, [T, B]) };
  }

  /**
   * The mean over candidates of Σ_t −A log p(choice_t) − λ H_t, recorded.
   * @param advantages  A, one for each candidate
   */
  loss(candidates: readonly Choices[], advantages: readonly number[]): Tensor {
    const { logits, ids } = this.#logits(candidates);
    const advantage = this.#device.tensor(advantages, [1, candidates.length]);
    return scale(policyLoss(drawnFrom(logits, ids), advantage, this.#options.entropy), 1 / candidates.length);
  }

  /** log p of each candidate. */
  async logProbabilities(candidates: readonly Choices[]): Promise<number[]> {
    const device = this.#device;
    const all = await device.read(() =>
      device.withoutGradients(() => {
        const { logits, ids } = this.#logits(candidates);
        return drawnFrom(logits, ids).logProbability.sum({ axes: 0 });
      }),
    );
    return Array.from(all);
  }

  /** One update of Adam, with the gradient clipped to norm 1. */
  async update(candidates: readonly Choices[], advantages: readonly number[]): Promise<void> {
    const { learningRate } = this.#options;
    const device = this.#device;
    device.scope(() => this.parameters.backward(this.loss(candidates, advantages)));
    await device.read(() => this.optimizer.update({ learningRate, clipNorm: 1 }).norm);
  }

  /** The probability of every choice of every decision, as the mean over candidates of what it is given the choices before. */
  async probabilities(candidates: readonly Choices[]): Promise<number[][]> {
    const device = this.#device;
    const [B, V] = [candidates.length, this.#start];
    const all = await device.read(() => device.withoutGradients(() => softmax(this.#logits(candidates).logits)));
    return this.space.decisions.map(({ choices }, t) =>
      choices.map((_, k) => {
        let sum = 0;
        for (let b = 0; b < B; b++) sum += all[(t * B + b) * V + this.#offsets[t] + k];
        return sum / B;
      }),
    );
  }
}

/** The mean over decisions of H/ln K: 1 where the policy is uniform, 0 where it is certain. Decisions of one choice count not. */
export function uncertainty(probabilities: readonly (readonly number[])[]): number {
  const open = probabilities.filter(({ length }) => length > 1);
  const shares = open.map(
    (row) => row.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0) / Math.log(row.length),
  );
  return shares.reduce((sum, one) => sum + one, 0) / Math.max(1, shares.length);
}
