import { ShapeError } from '../errors.ts';
import { initialise, zeros } from '../nn/initialisers.ts';
import { Declarations, Parameter } from '../nn/parameters.ts';
import type { Random } from '../random.ts';
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Constraint } from './constraints.ts';
import { type Initializer, initialValues } from './initializers.ts';
import type { Regularizer } from './regularizers.ts';

export interface WeightOptions {
  /** Default 'glorotUniform' for two or more axes, else 'zeros'. */
  readonly initializer?: Initializer | ((shape: Shape, random: Random) => ArrayLike<number>) | undefined;
  /** False for what training updates otherwise, such as running statistics. Default true. */
  readonly trainable?: boolean | undefined;
  readonly regularizer?: Regularizer | null | undefined;
  readonly constraint?: Constraint | null | undefined;
}

let count = 0;

/**
 * A weight of a layer, in Keras' layout. Its numbers are made when they are first needed, and move into the flat buffer of a
 * model that trains it; layers that several models share have them once.
 */
export class Weight {
  readonly name: string;
  readonly shape: Shape;
  readonly trainable: boolean;
  readonly regularizer: Regularizer | null;
  readonly constraint: Constraint | null;
  /** Where its tensor is. */
  readonly parameter: Parameter;
  readonly #initial: (random: Random) => ArrayLike<number>;
  /** Numbers that were given before there was a device. */
  #given: ArrayLike<number> | null = null;
  #placed = false;

  /** Use `addWeight` of a layer. */
  private constructor(
    name: string,
    parameter: Parameter,
    initial: (random: Random) => ArrayLike<number>,
    { regularizer = null, constraint = null }: WeightOptions,
  ) {
    this.name = name;
    this.shape = parameter.shape;
    this.trainable = !parameter.frozen;
    this.regularizer = regularizer;
    this.constraint = constraint;
    this.parameter = parameter;
    this.#initial = initial;
  }

  static declared(name: string, shape: Shape, options: WeightOptions): Weight {
    const { initializer = shape.length > 1 ? 'glorotUniform' : 'zeros', trainable = true } = options;
    const parameter = new Parameter(`${count++}.${name}`, shape, zeros, !trainable);
    const initial = (random: Random): ArrayLike<number> =>
      typeof initializer === 'function' ? initializer(shape, random) : initialValues(initializer, shape, random);
    return new Weight(name, parameter, initial, options);
  }

  /**
   * The weights of a layer of the library, with the names and initial values that they have there.
   * @param build  declares them
   */
  static of(build: (declarations: Declarations) => void): readonly Weight[] {
    const prefix = `${count++}`;
    const declarations = new Declarations();
    build(declarations.within(prefix));
    return declarations.declared.map((parameter) => {
      const { name, shape, initialiser } = parameter;
      const own = name.slice(prefix.length + 1);
      return new Weight(own, parameter, (random) => initialise(initialiser, shape, random), {});
    });
  }

  /** The current value. @throws ConfigError before the model has one */
  get value(): Tensor {
    return this.parameter.value;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** Whether its numbers are on a device. */
  get isPlaced(): boolean {
    return this.#placed;
  }

  /** Its current tensor, or the numbers that it starts with. */
  source(random: Random): Tensor | ArrayLike<number> {
    return this.#placed ? this.parameter.value : (this.#given ?? this.#initial(random));
  }

  /** Puts its numbers on a device, where they are not on one yet. */
  place(device: Device, random: Random): void {
    if (this.#placed) return;
    const value = device.keep(device.empty(this.shape));
    device.backend.write(value, this.#given ?? this.#initial(random));
    this.parameter.value = value;
    this.placed();
  }

  /** Called when its tensor was set. */
  placed(): void {
    this.#placed = true;
    this.#given = null;
  }

  /** @param shape  the weight's, or that of a flat list. @throws ShapeError otherwise */
  set(numbers: ArrayLike<number>, shape: Shape = [numbers.length]): void {
    const flat = shape.length === 1 && shape[0] === this.size;
    if (numbers.length !== this.size || !(flat || sameShape(shape, this.shape))) {
      throw new ShapeError(`setWeights: ${this.name} is ${formatShape(this.shape)}, received ${formatShape(shape)}`, {
        name: this.name,
        expected: this.shape,
        received: shape,
      });
    }
    if (this.#placed) this.value.device.backend.write(this.value, numbers);
    else this.#given = Float64Array.from(numbers);
  }
}
