import { FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { Parameters } from '../nn/parameters.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A tensor of the model, its average, and room for it while the average stands in its place. */
interface Averaged {
  /** In a checkpoint. */
  readonly name: string;
  readonly value: Tensor;
  readonly average: Tensor;
  readonly spare: Tensor;
}

/**
 * An exponential moving average of a model's weights (Polyak & Juditsky 1992), often a better model than the last weights:
 *
 *     a ← a + (1 − d)(w − a),   d = min(decay, (1 + t)/(10 + t)) after update t
 *
 * so that early averages are of few updates. Buffers, such as running statistics, are averaged with the weights they are of.
 */
export class WeightAverage {
  readonly #parameters: Parameters;
  readonly #decay: number;
  readonly #averaged: readonly Averaged[];

  constructor(parameters: Parameters, decay: number) {
    const { device, values } = parameters;
    this.#parameters = parameters;
    this.#decay = decay;
    const averaged = (name: string, tensor: Tensor): Averaged => {
      const value = tensor.view([tensor.size]);
      const [average, spare] = [0, 1].map(() => device.keep(device.zeros(value.shape)));
      device.backend.copy(value, average);
      return { name, value, average, spare };
    };
    const buffers = [...parameters].filter(({ frozen }) => frozen);
    this.#averaged = [
      averaged('weights', values),
      ...buffers.map(({ name, value }) => averaged(`weights.${name}`, value)),
    ];
  }

  /** Takes in the weights after update `step`, counted from 1. */
  update(step: number): void {
    const decay = Math.min(this.#decay, (1 + step) / (10 + step));
    const { backend } = this.#parameters.device;
    for (const { value, average, spare } of this.#averaged) {
      backend.binary('sub', value, average, spare);
      backend.axpy(1 - decay, spare, average);
    }
  }

  /** Does something with the average in the model's place. */
  async during<Result>(action: () => Promise<Result>): Promise<Result> {
    const { backend } = this.#parameters.device;
    for (const { value, spare } of this.#averaged) backend.copy(value, spare);
    this.adopt();
    try {
      return await action();
    } finally {
      for (const { value, spare } of this.#averaged) backend.copy(spare, value);
    }
  }

  /** Makes the average the model's weights. */
  adopt(): void {
    const { backend } = this.#parameters.device;
    for (const { value, average } of this.#averaged) backend.copy(average, value);
  }

  /** The trained weights by name, for a checkpoint whose parameters are the average. */
  get trained(): Readonly<Record<string, Tensor>> {
    return Object.fromEntries(this.#averaged.map(({ name, value }) => [name, value]));
  }

  /**
   * Continues from a checkpoint, whose parameters the model has.
   * @throws FormatError if it lacks the trained weights
   */
  restore(trained: Readonly<Record<string, NamedArray>>): void {
    const { backend } = this.#parameters.device;
    const odd = this.#averaged.find(({ name, value }) => trained[name]?.data.length !== value.size);
    if (odd) {
      throw new FormatError(
        'resume: the checkpoint is of a run that does not average its weights; leave emaDecay out',
        {
          name: odd.name,
        },
      );
    }
    for (const { name, value, average } of this.#averaged) {
      backend.copy(value, average);
      backend.write(value, trained[name].data);
    }
  }
}
