import { collectGradients } from '../autodiff/gradients.ts';
import type { TypedArray } from '../backend/backend.ts';
import { requireKind, seed as seedKind, shown } from '../checks.ts';
import { ConfigError, FormatError, ShapeError } from '../errors.ts';
import { Random } from '../random.ts';
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.ts';
import { type Device, requireDevice } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Initialiser, initialise, zeros } from './initialisers.ts';

/** One array of a model. Layers declare it when they are built; its value is set afterwards. */
export class Parameter {
  /** Dotted, such as `lstm.weight_ih_l0`. */
  readonly name: string;
  readonly shape: Shape;
  readonly initialiser: Initialiser;
  /** Whether it is a buffer: saved with the model, but not trained. */
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

  /**
   * Copies values into a buffer, such as running statistics in a training step. Nothing is recorded, and no gradient flows.
   * @throws ConfigError on a trained parameter, which is the optimizer's; ShapeError on another shape
   */
  assign(values: Tensor): void {
    if (!this.frozen) {
      throw new ConfigError(`assign: parameter ${this.name} is trained; declare it with buffer(…) to write it`, {
        name: this.name,
      });
    }
    if (!sameShape(values.shape, this.shape)) {
      throw new ShapeError(
        `assign: buffer ${this.name} has shape ${formatShape(this.shape)}, received ${formatShape(values.shape)}`,
        { name: this.name, received: values.shape, expected: this.shape },
      );
    }
    this.value.device.backend.copy(values, this.value);
  }
}

/** Values of parameters by name, as `Parameters.save` returns them. */
export type SavedParameters = Readonly<Record<string, { readonly shape: Shape; readonly data: ArrayLike<number> }>>;

/** Gives the values of a parameter: numbers, or a tensor that is copied. */
export type ParameterValues = (parameter: Parameter) => Tensor | ArrayLike<number>;

function writeValues(from: Tensor | ArrayLike<number>, to: Tensor): void {
  const { backend } = to.device;
  if ('device' in from) backend.copy(from, to);
  else backend.write(to, from);
}

/** Where layers declare their parameters. */
export class Declarations {
  readonly declared: Parameter[];
  /** Names of all declared parameters, shared with the parts. */
  readonly #names: Set<string>;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #saved: SavedParameters | null;
  readonly #frozen: boolean;

  /**
   * @param saved  initial values; each declaration is compared with them at once, so that a file whose stated sizes do not
   *   match its tensors is rejected before anything is allocated
   * @param frozen  whether all parameters are buffers
   */
  constructor(
    declared: Parameter[] = [],
    prefix = '',
    suffix = '',
    names = new Set(declared.map(({ name }) => name)),
    saved: SavedParameters | null = null,
    frozen = false,
  ) {
    this.declared = declared;
    this.#names = names;
    this.#prefix = prefix;
    this.#suffix = suffix;
    this.#saved = saved;
    this.#frozen = frozen;
  }

  /** @throws ConfigError if the name is taken */
  declare(name: string, shape: Shape, initialiser: Initialiser): Parameter {
    return this.#add(name, shape, initialiser, false);
  }

  /**
   * Declares a buffer: saved and loaded with the model, but not trained, such as pretrained word vectors, or running
   * statistics that a training step updates by `Parameter.assign`. @throws ConfigError if the name is taken
   */
  buffer(name: string, shape: Shape, initialiser: Initialiser = zeros): Parameter {
    return this.#add(name, shape, initialiser, true);
  }

  #add(name: string, shape: Shape, initialiser: Initialiser, frozen: boolean): Parameter {
    const parameter = new Parameter(this.#prefix + name + this.#suffix, shape, initialiser, frozen || this.#frozen);
    if (this.#names.has(parameter.name)) {
      throw new ConfigError(`parameter ${parameter.name} is declared twice; give the layers names of their own`);
    }
    if (this.#saved) requireSaved(this.#saved, parameter);
    this.#names.add(parameter.name);
    this.declared.push(parameter);
    return parameter;
  }

  /** Declarations of a part: `within('lstm')` puts `lstm.` before its names, `within('')` nothing. */
  within(name: string): Declarations {
    if (name === '') return this;
    return this.#like({ prefix: `${this.#prefix}${name}.` });
  }

  /** Declarations whose names end in `suffix`, such as PyTorch's `_l0_reverse`. */
  suffixed(suffix: string): Declarations {
    return this.#like({ suffix });
  }

  /** Declarations of layers that are not trained, such as a pretrained backbone: all their parameters are buffers. */
  frozen(): Declarations {
    return this.#like({ frozen: true });
  }

  #like({ prefix = this.#prefix, suffix = this.#suffix, frozen = this.#frozen }): Declarations {
    return new Declarations(this.declared, prefix, suffix, this.#names, this.#saved, frozen);
  }
}

/**
 * All parameters of a model in one flat buffer, and their gradients in another, so that clipping and an optimizer's
 * update take one pass. Buffers are stored separately: saved and loaded, but not part of what is trained.
 */
export class Parameters {
  readonly device: Device;
  /** All trainable values, in the order of declaration. */
  readonly values: Tensor;
  /** The gradients of the last `backward`, laid out like `values`. */
  readonly gradients: Tensor;
  readonly #list: readonly Parameter[];
  readonly #trained: readonly Parameter[];
  readonly #byName: ReadonlyMap<string, Parameter>;
  readonly #positions = new Map<string, number>();

  /**
   * @param initial  a seed (each parameter's initial values depend on it and on the name), saved values, or what gives the
   *   values of each, such as the tensor that it has been until now
   * @param isTrained  which are trained. Default: those that were not declared as buffers
   * @throws FormatError if the saved values are not those of these parameters; see `load`
   */
  constructor(
    device: Device,
    declared: readonly Parameter[],
    initial: number | SavedParameters | ParameterValues,
    isTrained: (parameter: Parameter) => boolean = ({ frozen }) => !frozen,
  ) {
    requireDevice('parameters', device);
    this.device = device;
    this.#list = declared;
    this.#byName = new Map(declared.map((parameter) => [parameter.name, parameter]));
    const seed = typeof initial === 'number' ? initial : null;
    const given = typeof initial === 'function' ? initial : null;
    if (given === null) {
      if (typeof initial !== 'object' || initial === null) requireKind('parameters', 'seed', initial, seedKind);
      else this.#requireFitting(initial);
    }
    this.#trained = declared.filter(isTrained);
    const trained = new Set(this.#trained);
    const size = this.#trained.reduce((total, { shape }) => total + sizeOf(shape), 0);
    this.values = device.keep(device.zeros([size]));
    this.gradients = device.keep(device.zeros([size]));
    const random = new Random(seed ?? 0);
    let position = 0;
    for (const parameter of declared) {
      const { name, shape } = parameter;
      const isFree = trained.has(parameter);
      const value = isFree ? this.values.view(shape, position) : device.keep(device.zeros(shape));
      if (seed !== null && parameter.initialiser !== zeros)
        device.backend.write(value, initialise(parameter.initialiser, shape, random.fork(name)));
      if (given !== null) writeValues(given(parameter), value);
      parameter.value = isFree ? value.track() : value;
      if (!isFree) continue;
      this.#positions.set(name, position);
      position += sizeOf(shape);
    }
    if (typeof initial === 'object') this.#write(initial);
  }

  /** The number of trainable values. */
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

  /**
   * Makes this the buffer of its parameters again, with these values, after other `Parameters` took some of them, as those of
   * another model with the same layer do.
   */
  adopt(values: ParameterValues): void {
    for (const parameter of this.#trained) {
      const own = this.values.view(parameter.shape, this.#positions.get(parameter.name)!);
      writeValues(values(parameter), own);
      parameter.value = own.track();
    }
  }

  /** Whether a parameter of this name is trained. */
  isTrained(name: string): boolean {
    return this.#positions.has(name);
  }

  /** The gradient of one parameter after the last `backward`. @throws ConfigError if it is frozen or does not exist */
  gradient(name: string): Tensor {
    const { shape } = this.get(name);
    const position = this.#positions.get(name);
    if (position === undefined) throw new ConfigError(`parameter '${name}' is frozen: it has no gradient`, { name });
    return this.gradients.view(shape, position);
  }

  /**
   * Writes the gradient of `loss` with respect to all parameters to `gradients`, overwriting it. Parameters the loss
   * does not depend on get 0. The graph of the loss is freed.
   * @param options  add: add to the gradients instead. Default false
   * @throws ConfigError if the loss depends on none of them; ShapeError if it is not one number
   */
  backward(loss: Tensor, { add = false }: { readonly add?: boolean | undefined } = {}): void {
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
      if (gradient && add) backend.axpy(1, gradient, target);
      else if (gradient) backend.copy(gradient, target);
      else if (!add) backend.fill(target, 0);
    }
  }

  /** Copies of all values by name. */
  save(): Promise<Record<string, { shape: Shape; data: TypedArray }>> {
    return readNamed(Object.fromEntries(this.#list.map(({ name, value }) => [name, value])));
  }

  /**
   * Loads all values by name, as `save` returns them. Counters `num_batches_tracked` of PyTorch's batch norms are ignored.
   * @throws FormatError naming the first parameter that is missing, unknown, or of another shape or size; nothing is
   *   changed then
   */
  load(values: SavedParameters): void {
    this.#requireFitting(values);
    this.#write(values);
  }

  #requireFitting(values: SavedParameters): void {
    for (const parameter of this.#list) requireSaved(values, parameter);
    const unknown = Object.keys(values).find((name) => !this.#byName.has(name) && !isCounter(name));
    if (unknown === undefined) return;
    throw new FormatError(`load: this model has no parameter ${shown(unknown)}; it has ${some(this.names)}`, {
      name: unknown,
    });
  }

  #write(values: SavedParameters): void {
    for (const { name, value } of this.#list) this.device.backend.write(value, values[name].data);
  }
}

/** Copies of tensors by name, as they are at this moment. */
export async function readNamed(
  tensors: Readonly<Record<string, Tensor>>,
): Promise<Record<string, { shape: Shape; data: TypedArray }>> {
  const all = Object.entries(tensors);
  const numbers = await Promise.all(all.map(([, tensor]) => tensor.read()));
  return Object.fromEntries(all.map(([name, { shape }], i) => [name, { shape, data: numbers[i] }]));
}

/** @throws FormatError unless there are values of this name, shape and size */
export function requireSaved(values: SavedParameters, { name, shape }: Pick<Parameter, 'name' | 'shape'>): void {
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

/** Whether it is the counter that PyTorch's batch norms save, which nothing is computed with. */
const isCounter = (name: string): boolean => /(^|\.)num_batches_tracked$/.test(name);

/** Names for a message, shortened. */
const some = (names: readonly string[]): string =>
  names.length > 12 ? `${names.slice(0, 12).join(', ')}, … ${names.length} in all` : names.join(', ');
