import { ConfigError, ShapeError } from '../../errors.ts';
import { concat, linear } from '../../ops/index.ts';
import { formatShape, type Shape, sameShape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { Initialiser } from '../initialisers.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import type { OnRecurrent } from './cell.ts';
import { unchanged } from './fused.ts';

/** What a step is given to compute with, besides its input and state. What it asks for by name becomes a parameter. */
export interface StepTools {
  /** H. */
  readonly hidden: number;
  /**
   * W·[x; h] + b over the last axis, for one tensor or several side by side: `[B, …]` → `[B, width]`. Parameters:
   * `weight_<name>` [width, sum of the inputs' widths] and `bias_<name>` [width]. Dropout on the recurrence acts here, on
   * inputs as wide as a part of the state, x aside.
   */
  linear(name: string, inputs: Tensor | readonly Tensor[], options?: StepLinearOptions): Tensor;
  /** A parameter of any shape. First values: uniform with limit 1/√H where nothing is said. */
  parameter(name: string, shape: Shape, init?: Initialiser): Tensor;
  /** A tensor of numbers that are not trained; a function is called once for each device. */
  constant(name: string, shape: Shape, values: ArrayLike<number> | (() => ArrayLike<number>)): Tensor;
}

export interface StepLinearOptions {
  /** Width of the result. Default H. */
  readonly width?: number;
  /** Whether b is added, or the value it begins with. Default true: it begins with 0. */
  readonly bias?: boolean | number;
  /** First values of W. Default uniform with limit 1/√H. */
  readonly init?: Initialiser;
}

/**
 * The tools of one cell. While it is built they note which parameters the step asks for; afterwards they hand these out.
 * One name is one parameter: to ask twice is to share it.
 */
export class NamedParameters implements StepTools {
  readonly hidden: number;
  readonly #cell: string;
  #declarations: Declarations | null = null;
  readonly #parameters = new Map<string, Parameter>();
  readonly #constants = new WeakMap<Device, Map<string, Tensor>>();
  #x: Tensor | null = null;
  #recurrent: OnRecurrent = unchanged;

  constructor(cell: string, hidden: number) {
    this.#cell = cell;
    this.hidden = hidden;
  }

  /** Runs `body`; what it asks for by a new name is declared. */
  declaring<Result>(declarations: Declarations, body: () => Result): Result {
    this.#parameters.clear();
    this.#declarations = declarations;
    try {
      return body();
    } finally {
      this.#declarations = null;
    }
  }

  /** Runs `body` for input x: what goes into a `linear` beside x passes `recurrent` first. */
  during<Result>(x: Tensor, recurrent: OnRecurrent, body: () => Result): Result {
    this.#x = x;
    this.#recurrent = recurrent;
    try {
      return body();
    } finally {
      this.#x = null;
      this.#recurrent = unchanged;
    }
  }

  // Arrows, so that a step may take the tools apart: `step(x, { h }, { linear })`.

  readonly linear: StepTools['linear'] = (name, inputs, { width = this.hidden, bias = true, init } = {}) => {
    const parts = (inputs instanceof Tensor ? [inputs] : inputs).map((input) =>
      input === this.#x ? input : this.#recurrent(input),
    );
    const x = concat(parts, -1);
    const weight = this.parameter(`weight_${name}`, [width, x.shape.at(-1)!], init);
    const first: Initialiser = { kind: 'constant', value: Number(bias === true ? 0 : bias) };
    return linear(x, weight, bias === false ? null : this.parameter(`bias_${name}`, [width], first));
  };

  readonly parameter: StepTools['parameter'] = (name, shape, init) => {
    let known = this.#parameters.get(name);
    if (!known && this.#declarations) {
      const uniform: Initialiser = { kind: 'uniform', limit: 1 / Math.sqrt(this.hidden) };
      known = this.#declarations.declare(requireName('parameter', name), shape, init ?? uniform);
      this.#parameters.set(name, known);
    }
    if (!known) {
      throw new ConfigError(
        `'${name}' is asked for, but was not when the cell was built; a step must use the same parameters every time`,
        { parameter: name },
      );
    }
    if (!sameShape(known.shape, shape)) {
      throw new ShapeError(
        `'${name}' is asked for with shape ${formatShape(shape)}, and before with ${formatShape(known.shape)}; ` +
          'use another name, or equal widths',
        { parameter: name, received: shape, expected: known.shape },
      );
    }
    return this.#declarations ? this.#device.empty(shape) : known.value;
  };

  readonly constant: StepTools['constant'] = (name, shape, values) => {
    const device = this.#device;
    if (this.#declarations) return device.empty(shape);
    const known = this.#constants.get(device) ?? new Map<string, Tensor>();
    this.#constants.set(device, known);
    let tensor = known.get(name);
    if (!tensor) {
      tensor = device.keep(device.tensor(typeof values === 'function' ? values() : values, shape));
      known.set(name, tensor);
    }
    return tensor;
  };

  get #device(): Device {
    if (this.#x === null) {
      throw new ConfigError(`cell '${this.#cell}': its tools work only while its step runs; use them inside of step`);
    }
    return this.#x.device;
  }
}

/** @throws ConfigError unless the name is letters, digits, _ and −: names become parts of longer ones */
export function requireName(what: string, name: unknown): string {
  if (typeof name !== 'string' || !/^[\w-]+$/.test(name)) {
    throw new ConfigError(`${what}: '${name}' is no name; use letters, digits, _ and -`, { name });
  }
  return name;
}
