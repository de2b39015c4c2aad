import { ConfigError, FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import { Parameters, requireSaved, type SavedParameters } from '../nn/parameters.ts';
import { Random } from '../random.ts';
import type { Device } from '../tensor/device.ts';
import { defaultDevice } from './default-device.ts';
import type { CarriedState, PlacedWeight } from './layer.ts';
import type { Weight } from './weight.ts';

/** What has weights. */
interface Owner {
  placedWeights(): PlacedWeight[];
  carried(path: string): Readonly<Record<string, CarriedState>>;
}

/**
 * The weights of a model on its device. What the model trains lies in one flat buffer; layers that several models share are
 * moved into the buffer of the one that trains them next.
 */
export class ModelStore {
  readonly #owner: Owner;
  readonly #seed: number;
  #device: Device | null;
  /** What is trained, as it was when the model was compiled. */
  #trained: ReadonlySet<Weight> | null = null;
  #parameters: Parameters | null = null;
  #flat: readonly Weight[] = [];
  #states: Readonly<Record<string, readonly NamedArray[]>> = {};

  constructor(owner: Owner, seed: number, device: Device | null) {
    this.#owner = owner;
    this.#seed = seed;
    this.#device = device;
  }

  /** @throws ConfigError before it was opened */
  get device(): Device {
    if (this.#device === null) throw new ConfigError('model: it has no device yet');
    return this.#device;
  }

  /** Takes what is trainable now as what is trained. */
  decideTrained(): void {
    this.#trained = null;
    this.#parameters = null;
  }

  /** The device, with values for all weights on it. */
  async open(): Promise<Device> {
    this.#device ??= await defaultDevice();
    const device = this.#device;
    for (const { weight, path } of this.#owner.placedWeights()) weight.place(device, this.#random(path));
    const states = Object.entries(this.#states);
    this.#states = {};
    const carriers = states.length > 0 ? this.#owner.carried('') : {};
    for (const [path, arrays] of states) {
      carriers[path]?.set(arrays.map(({ data, shape }) => device.keep(device.tensor(data, shape))));
    }
    return device;
  }

  /** Takes states that layers carried, for when there is a device. */
  restoreStates(states: Readonly<Record<string, readonly NamedArray[]>>): void {
    this.#states = states;
  }

  /** Depends on the seed and the name of the weight alone. */
  #random(path: string): Random {
    return new Random(this.#seed).fork(path);
  }

  /** The weights that are trained, in one flat buffer. Call after `open`. */
  parameters(): Parameters {
    const placed = this.#owner.placedWeights();
    this.#trained ??= new Set(placed.filter(({ trainable }) => trainable).map(({ weight }) => weight));
    const trained = this.#trained;
    const list = placed.map(({ weight }) => weight);
    const stays =
      this.#parameters !== null &&
      list.length === this.#flat.length &&
      list.every((weight, i) => weight === this.#flat[i]);
    if (stays && this.#owned(list, this.#parameters!, trained)) return this.#parameters!;
    const free = new Set([...trained].map(({ parameter }) => parameter));
    const byParameter = new Map(list.map((weight) => [weight.parameter, weight]));
    const before = stays ? this.#parameters : null;
    if (before) {
      // Another model trained some of them: their values come back into this buffer, whose layout the optimizer knows.
      before.adopt(({ value }) => value);
      return before;
    }
    this.#parameters = new Parameters(
      this.device,
      list.map(({ parameter }) => parameter),
      (parameter) => byParameter.get(parameter)!.value,
      (parameter) => free.has(parameter),
    );
    this.#flat = list;
    return this.#parameters;
  }

  #owned(list: readonly Weight[], { values }: Parameters, trained: ReadonlySet<Weight>): boolean {
    return list.every((weight) => !trained.has(weight) || weight.value.allocation === values.allocation);
  }

  /** @throws FormatError naming the first weight that is missing, unknown or of another shape; nothing is changed then */
  load(values: SavedParameters): void {
    const placed = this.#owner.placedWeights();
    const known = new Set(placed.map(({ path }) => path));
    for (const { path, weight } of placed) requireSaved(values, { name: path, shape: weight.shape });
    const unknown = Object.keys(values).find((path) => !known.has(path));
    if (unknown !== undefined)
      throw new FormatError(`load: this model has no weight '${unknown.slice(0, 60)}'`, { unknown });
    for (const { path, weight } of placed) weight.set(values[path].data);
  }
}
