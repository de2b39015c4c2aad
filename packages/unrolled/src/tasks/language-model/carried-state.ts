import type { NamedArray } from '../../io/safetensors.ts';
import type { StackState } from '../../nn/recurrent.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** A copy of a state that outlives the scope and the larger tensors its parts are views of. */
export class CarriedState {
  readonly #device: Device;
  #kept: Record<string, Tensor>[] = [];
  /** What was kept before that; its memory is used again. */
  #before: Record<string, Tensor>[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  /** Null before the first `set`. */
  get(): StackState | null {
    return this.#kept.length > 0 ? this.#kept : null;
  }

  /** What `get` gave before the last `set`. */
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
  save(): Record<string, NamedArray> {
    return Object.fromEntries(
      this.#kept.flatMap((parts, layer) =>
        Object.entries(parts).map(([name, part]) => [`${layer}.${name}`, { shape: part.shape, data: part.data() }]),
      ),
    );
  }

  restore(saved: Readonly<Record<string, NamedArray>>): void {
    const state: Record<string, Tensor>[] = [];
    for (const [key, { shape, data }] of Object.entries(saved)) {
      const [layer, name] = key.split('.');
      state[Number(layer)] ??= {};
      state[Number(layer)][name] = this.#device.keep(this.#device.tensor(data, shape));
    }
    this.#kept = state;
    this.#before = [];
  }
}
