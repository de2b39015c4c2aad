import { collectGradients } from '../autodiff/gradients.ts';
import type { TypedArray } from '../backend/backend.ts';
import { requireKind, seed as seedKind, shown } from '../checks.ts';
import { ConfigError, FormatError } from '../errors.ts';
import { Random } from '../random.ts';
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.ts';
import { type Device, requireDevice } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Initialiser, initialise, zeros } from './initialisers.ts';

/** One trainable array. Layers declare it when they are built; it gets its value afterwards. */
export class Parameter {
  /** Dotted, such as `lstm.weight_ih_l0`. */
  readonly name: string;
  readonly shape: Shape;
  readonly initialiser: Initialiser;
  /** Whether it is saved with the model, but never updated by training. */
  readonly frozen: boolean;
  #value: Tensor | null = null;

  constructor(name: string, shape: Shape, initialiser: Initialiser, frozen = false) {
    this.name = name;
    this.shape = shape;
    this.initialiser = initialiser;
    this.frozen = frozen;
  }

  /** @throws ConfigError before the model has been given values */
  get value(): Tensor {
    if (this.#value === null) {
      throw new ConfigError(`parameter ${this.name} has no values yet; call initialiseParameters(layer, …) first`);
    }
    return this.#value;
  }

  set value(tensor: Tensor) {
    this.#value = tensor;
  }
}

/** Values of parameters by name, as `Parameters.save` returns them. */
export type SavedParameters = Readonly<Record<string, { readonly shape: Shape; readonly data: ArrayLike<number> }>>;

/** Stands for the parameter of a layer until that is built. @throws ConfigError where its value is asked for */
export function unbuilt(layer: string): Parameter {
  return new UnbuiltParameter(layer, [], zeros);
}

class UnbuiltParameter extends Parameter {
  override get value(): never {
    throw notBuilt(this.name);
  }
}

export function notBuilt(layer: string): ConfigError {
  return new ConfigError(
    `${layer}: the layer is not built; call initialiseParameters(layer, inputShape, device, seed) first`,
    { layer },
  );
}

/** Where layers declare their parameters. */
export class Declarations {
  readonly declared: Parameter[];
  /** Names of all declared parameters, shared with the parts. */
  readonly #names: Set<string>;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #saved: SavedParameters | null;

  /**
   * @param saved  values the parameters are to get: each declaration is compared with them at once, so that a file that
   *   declares sizes it does not hold is refused before anything of that size is made
   */
  constructor(
    declared: Parameter[] = [],
    prefix = '',
    suffix = '',
    names = new Set(declared.map(({ name }) => name)),
    saved: SavedParameters | null = null,
  ) {
    this.declared = declared;
    this.#names = names;
    this.#prefix = prefix;
    this.#suffix = suffix;
    this.#saved = saved;
  }

  /** @throws ConfigError if the name is taken */
  declare(name: string, shape: Shape, initialiser: Initialiser): Parameter {
    return this.#add(name, shape, initialiser, false);
  }

  /**
   * Declares numbers that are saved with the model but never trained, such as given word vectors; 0 until they are
   * written. @throws ConfigError if the name is taken
   */
  buffer(name: string, shape: Shape): Parameter {
    return this.#add(name, shape, zeros, true);
  }

  #add(name: string, shape: Shape, initialiser: Initialiser, frozen: boolean): Parameter {
    const parameter = new Parameter(this.#prefix + name + this.#suffix, shape, initialiser, frozen);
    if (this.#names.has(parameter.name)) {
      throw new ConfigError(`parameter ${parameter.name} is declared twice; give the layers names of their own`);
    }
    if (this.#saved) requireSaved(this.#saved, parameter);
    this.#names.add(parameter.name);
    this.declared.push(parameter);
    return parameter;
  }

  /** Declarations of a part: `within('lstm')` puts `lstm.` before its names. */
  within(name: string): Declarations {
    return new Declarations(this.declared, `${this.#prefix}${name}.`, this.#suffix, this.#names, this.#saved);
  }

  /** Declarations whose names end in `suffix`, such as PyTorch's `_l0_reverse`. */
  suffixed(suffix: string): Declarations {
    return new Declarations(this.declared, this.#prefix, suffix, this.#names, this.#saved);
  }
}

/**
 * All parameters of a model in one flat buffer, and their gradients in another, so that clipping and an optimizer's
 * update take one pass. Frozen ones stand beside it: they are saved and loaded, but never updated.
 */
export class Parameters {
  readonly device: Device;
  /** All trained values, one parameter after the other in the order of declaration. */
  readonly values: Tensor;
  /** The gradients of the last `backward`, laid out like `values`. */
  readonly gradients: Tensor;
  readonly #list: readonly Parameter[];
  readonly #trained: readonly Parameter[];
  readonly #byName: ReadonlyMap<string, Parameter>;
  readonly #positions = new Map<string, number>();

  /**
   * @param initial  a seed, from which and from its own name each parameter gets its initial values; or saved values
   * @throws FormatError if the saved values are not those of these parameters; see `load`
   */
  constructor(device: Device, declared: readonly Parameter[], initial: number | SavedParameters) {
    requireDevice('parameters', device);
    this.device = device;
    this.#list = declared;
    this.#byName = new Map(declared.map((parameter) => [parameter.name, parameter]));
    const seed = typeof initial === 'number' ? initial : null;
    if (typeof initial !== 'object' || initial === null) requireKind('parameters', 'seed', initial, seedKind);
    else this.#requireFitting(initial);
    this.#trained = declared.filter(({ frozen }) => !frozen);
    const size = this.#trained.reduce((total, { shape }) => total + sizeOf(shape), 0);
    this.values = device.keep(device.zeros([size]));
    this.gradients = device.keep(device.zeros([size]));
    const random = new Random(seed ?? 0);
    let position = 0;
    for (const parameter of declared)
      if (parameter.frozen) parameter.value = device.keep(device.zeros(parameter.shape));
    for (const parameter of this.#trained) {
      const { name, shape } = parameter;
      const value = this.values.view(shape, position);
      if (seed !== null) device.backend.write(value, initialise(parameter.initialiser, shape, random.fork(name)));
      parameter.value = value.track();
      this.#positions.set(name, position);
      position += sizeOf(shape);
    }
    if (typeof initial !== 'number') this.#write(initial);
  }

  /** The number of trained values. */
  get size(): number {
    return this.values.size;
  }

  get names(): readonly string[] {
    return this.#list.map(({ name }) => name);
  }

  [Symbol.iterator](): Iterator<Parameter> {
    return this.#list[Symbol.iterator]();
  }

  /** @throws ConfigError if there is none of that name */
  get(name: string): Tensor {
    const parameter = this.#byName.get(name);
    if (!parameter)
      throw new ConfigError(`there is no parameter ${shown(name)}; there are ${some(this.names)}`, { name });
    return parameter.value;
  }

  /** The gradient of one parameter, as the last `backward` left it. @throws ConfigError if it is frozen or does not exist */
  gradient(name: string): Tensor {
    const { shape } = this.get(name);
    const position = this.#positions.get(name);
    if (position === undefined) throw new ConfigError(`parameter '${name}' is frozen: it has no gradient`, { name });
    return this.gradients.view(shape, position);
  }

  /**
   * Takes the gradient of `loss` with respect to all parameters into `gradients`, replacing what was there.
   * Parameters the loss does not depend on get 0. The recording of the loss is used up.
   * @throws ConfigError if the loss depends on none of them; ShapeError if it is not one number
   */
  backward(loss: Tensor): void {
    const { backend } = this.device;
    const found = collectGradients(loss, new Set(this.#trained.map(({ value }) => value)));
    if (found.size === 0 && this.#trained.length > 0) {
      throw new ConfigError(
        'backward: the loss depends on no parameter of this model; compute it from the model, not from detached tensors ' +
          'or inside withoutGradients',
        { parameters: this.#trained.length },
      );
    }
    for (const { name, value, shape } of this.#trained) {
      const target = this.gradients.view(shape, this.#positions.get(name)!);
      const gradient = found.get(value);
      if (gradient) backend.copy(gradient, target);
      else backend.fill(target, 0);
    }
  }

  /** Copies of all values by name. */
  save(): Record<string, { shape: Shape; data: TypedArray }> {
    return Object.fromEntries(
      this.#list.map(({ name, shape, value }) => [name, { shape, data: value.data() }] as const),
    );
  }

  /**
   * Loads all values by name, as `save` returns them.
   * @throws FormatError naming the first parameter that is missing, unknown, or of another shape or size; nothing is
   *   changed then
   */
  load(values: SavedParameters): void {
    this.#requireFitting(values);
    this.#write(values);
  }

  #requireFitting(values: SavedParameters): void {
    for (const parameter of this.#list) requireSaved(values, parameter);
    const unknown = Object.keys(values).find((name) => !this.#byName.has(name));
    if (unknown === undefined) return;
    throw new FormatError(`load: this model has no parameter ${shown(unknown)}; it has ${some(this.names)}`, {
      name: unknown,
    });
  }

  #write(values: SavedParameters): void {
    for (const { name, value } of this.#list) this.device.backend.write(value, values[name].data);
  }
}

/** @throws FormatError unless there are values of this name, shape and size */
function requireSaved(values: SavedParameters, { name, shape }: Parameter): void {
  const given = Object.hasOwn(values, name) ? values[name] : undefined;
  if (!given) throw new FormatError(`load: parameter '${name}' is missing`, { name });
  if (!sameShape(given.shape, shape)) {
    throw new FormatError(
      `load: parameter '${name}' has shape ${formatShape(given.shape)}, the model needs ${formatShape(shape)}`,
      { name, received: given.shape, expected: shape },
    );
  }
  if (given.data.length !== sizeOf(shape)) {
    throw new FormatError(
      `load: parameter '${name}' has ${given.data.length} numbers, its shape ${formatShape(shape)} needs ${sizeOf(shape)}`,
      { name, received: given.data.length, expected: sizeOf(shape) },
    );
  }
}

/** Names as a message lists them: never many. */
const some = (names: readonly string[]): string =>
  names.length > 20 ? `${names.slice(0, 20).join(', ')}, … ${names.length} in all` : names.join(', ');
