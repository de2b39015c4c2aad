import { FormatError } from '../../errors.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import type { StackState } from '../../nn/sequence-layer.ts';
import { sameShape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** A copy of a state that outlives its scope, and the larger tensors that its parts are views of. */
export class CarriedState {
  readonly #device: Device;
  #kept: Record<string, Tensor>[] = [];
  /** The state before it; its memory is reused. */
  #before: Record<string, Tensor>[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  /** Null before the first `set`. */
  get(): StackState | null {
    return this.#kept.length > 0 ? this.#kept : null;
  }

  /** What `get` returned before the last `set`. */
  get previous(): StackState | null {
    return this.#before.length > 0 ? this.#before : null;
  }

  set(state: StackState): void {
    const { backend } = this.#device;
    const spare = this.#before;
    this.#before = this.#kept;
    this.#kept = state.map((parts, layer) =>
      Object.fromEntries(
        Object.entries(parts).map(([name, part]) => {
          const old = spare[layer]?.[name];
          const target = old && old.size === part.size ? old : this.#device.keep(this.#device.empty(part.shape));
          backend.copy(part, target);
          return [name, target];
        }),
      ),
    );
  }

  clear(): void {
    this.#kept = [];
    this.#before = [];
  }

  /** Under names such as `0.h`. */
  save(): Record<string, Tensor> {
    return Object.fromEntries(
      this.#kept.flatMap((parts, layer) => Object.entries(parts).map(([name, part]) => [`${layer}.${name}`, part])),
    );
  }

  /**
   * @param like  a state of the model, whose parts and shapes the saved one must have, unless it is empty
   * @throws FormatError if it has others
   */
  restore(saved: Readonly<Record<string, NamedArray>>, like: StackState): void {
    const names = Object.keys(saved);
    const expected = like.flatMap((parts, layer) =>
      Object.entries(parts).map(([name, part]) => ({ key: `${layer}.${name}`, part })),
    );
    const fits = expected.every(
      ({ key, part }) => Object.hasOwn(saved, key) && sameShape(saved[key].shape, part.shape),
    );
    if (names.length > 0 && !(fits && names.length === expected.length)) {
      throw new FormatError('resume: the hidden state in the checkpoint is not that of this model and batch size');
    }
    const kept = ({ shape, data }: NamedArray): Tensor => this.#device.keep(this.#device.tensor(data, shape));
    this.#kept =
      names.length === 0
        ? []
        : like.map((parts, layer) =>
            Object.fromEntries(Object.keys(parts).map((name) => [name, kept(saved[`${layer}.${name}`])])),
          );
    this.#before = [];
  }
}
