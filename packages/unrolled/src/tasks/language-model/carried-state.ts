import type { NamedArray } from '../../io/safetensors.ts';
import type { StackState } from '../../nn/recurrent.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** A copy of a state that outlives the scope and the larger tensors its parts are views of. */
export class CarriedState {
  readonly #device: Device;
  #kept: Record<string, Tensor>[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  /** Null before the first `set`. */
  get(): StackState | null {
    return this.#kept.length > 0 ? this.#kept : null;
  }

  set(state: StackState): void {
    const { backend } = this.#device;
    this.#kept = state.map((parts, layer) =>
      Object.fromEntries(
        Object.entries(parts).map(([name, part]) => {
          const old = this.#kept[layer]?.[name];
          const target = old && old.size === part.size ? old : this.#device.keep(this.#device.empty(part.shape));
          backend.copy(part, target);
          return [name, target];
        }),
      ),
    );
  }

  clear(): void {
    this.#kept = [];
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
  }
}
