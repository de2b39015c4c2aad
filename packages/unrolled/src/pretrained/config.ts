import { count, flag, type Kind, number, shown } from '../checks.ts';
import { FormatError } from '../errors.ts';
import type { feedForwardActivations } from '../nn/transformer/index.ts';
import type { JsonObject, Weights } from './folder.ts';

/** Names of activations, and ours. */
const activations: Readonly<Record<string, (typeof feedForwardActivations)[number]>> = {
  gelu: 'gelu',
  gelu_fast: 'geluTanh',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

/** Reads the fields of a config.json. */
export class ConfigReader {
  readonly #values: JsonObject;

  constructor(values: JsonObject) {
    this.#values = values;
  }

  /** The first of these fields that there is, of a kind. @throws FormatError if none is there and there is no default */
  #value<Value>(names: readonly string[], kind: Kind, byDefault?: Value): Value {
    const name = names.find((one) => this.#values[one] !== undefined && this.#values[one] !== null);
    const value = name === undefined ? byDefault : this.#values[name];
    if (value !== undefined && kind.fits(value)) return value as Value;
    throw new FormatError(`config.json: ${name ?? names[0]} must be ${kind.must}, received ${shown(value)}`, { names });
  }

  count(names: string | readonly string[], byDefault?: number): number {
    return this.#value([names].flat(), count, byDefault);
  }

  /** Blocks, of which each has tensors: a damaged number is found before anything is made of it. */
  layers(name: string, { tensors, unread }: Weights): number {
    const layers = this.count(name);
    const most = Object.keys(tensors).length + unread.length;
    return layers <= most ? layers : this.refuse(name, `the files have ${most} tensors`);
  }

  positive(name: string, byDefault: number): number {
    return this.#value([name], number({ above: 0 }), byDefault);
  }

  flag(name: string, byDefault: boolean): boolean {
    return this.#value([name], flag, byDefault);
  }

  activation(name: string, byDefault: string): (typeof feedForwardActivations)[number] {
    const value = this.#values[name] ?? byDefault;
    if (typeof value === 'string' && Object.hasOwn(activations, value)) return activations[value];
    return this.refuse(name, `use one of ${Object.keys(activations).join(', ')}`);
  }

  get(name: string): unknown {
    return this.#values[name];
  }

  /** @throws FormatError unless a field is missing or has the one value that is computed here */
  require(name: string, ...values: readonly unknown[]): void {
    const value = this.#values[name];
    if (value === undefined || value === null || values.includes(value)) return;
    this.refuse(name, 'the model would compute something else than the layers here');
  }

  refuse(name: string, why: string): never {
    throw new FormatError(`config.json: ${name} is ${shown(this.#values[name])}; ${why}`, { name });
  }
}
