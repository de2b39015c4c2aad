import { ConfigError, ShapeError } from '../../errors.ts';
import { concat, linear } from '../../ops/index.ts';
import { formatShape, type Shape, sameShape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { notBuilt } from '../buildable.ts';
import type { Initialiser } from '../initialisers.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import type { OnRecurrent } from './cell.ts';
import { unchanged } from './fused.ts';

/** The tools passed to a step besides its input and state. Names used here become parameters. */
export interface StepTools {
  /** H. */
  readonly hidden: number;
  /**
   * W·[x; h] + b over the last axis of one tensor, or of several concatenated: `[B, …]` → `[B, width]`. Parameters:
   * `weight_<name>` [width, sum of the inputs' widths] and `bias_<name>` [width]. Recurrent dropout is applied here, to
   * inputs other than x that are as wide as a part of the state.
   */
  linear(name: string, inputs: Tensor | readonly Tensor[], options?: StepLinearOptions): Tensor;
  /** A parameter of any shape. Initial values: `init`, by default uniform with limit 1/√H. */
  parameter(name: string, shape: Shape, init?: Initialiser): Tensor;
  /** A constant tensor; a function is called once per device. */
  constant(name: string, shape: Shape, values: ArrayLike<number> | (() => ArrayLike<number>)): Tensor;
}

export interface StepLinearOptions {
  /** Width of the result. Default H. */
  readonly width?: number;
  /** Whether b is added, or its initial value. Default true: initially 0. */
  readonly bias?: boolean | number;
  /** Initial values of W. Default uniform with limit 1/√H. */
  readonly init?: Initialiser;
}

/**
 * The tools of one cell. While the cell is built they record which parameters the step requests; afterwards they return
 * these. Requesting a name twice shares the parameter.
 */
export class NamedParameters implements StepTools {
  readonly hidden: number;
  readonly #cell: string;
  #declarations: Declarations | null = null;
  /** Null until the cell is built. */
  #parameters: Map<string, Parameter> | null = null;
  readonly #constants = new WeakMap<Device, Map<string, Tensor>>();
  #x: Tensor | null = null;
  #recurrent: OnRecurrent = unchanged;

  constructor(cell: string, hidden: number) {
    this.#cell = cell;
    this.hidden = hidden;
  }

  /** Runs `body`; parameters it requests by a new name are declared. */
  declaring<Result>(declarations: Declarations, body: () => Result): Result {
    this.#parameters = new Map();
    this.#declarations = declarations;
    try {
      return body();
    } finally {
      this.#declarations = null;
    }
  }

  /** Runs `body` for input x: inputs of `linear` other than x pass through `recurrent` first. */
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

  // Arrow functions, so that a step may destructure the tools: `step(x, { h }, { linear })`.

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
    if (this.#parameters === null) throw notBuilt({ cell: this.#cell });
    let known = this.#parameters.get(name);
    if (!known && this.#declarations) {
      const uniform: Initialiser = { kind: 'uniform', limit: 1 / Math.sqrt(this.hidden) };
      known = this.#declarations.declare(requireName('parameter', name), shape, init ?? uniform);
      this.#parameters.set(name, known);
    }
    if (!known) {
      throw new ConfigError(
        `'${name}' was not requested when the cell was built; a step must use the same parameters at every call`,
        { parameter: name },
      );
    }
    if (!sameShape(known.shape, shape)) {
      throw new ShapeError(
        `'${name}' is requested with shape ${formatShape(shape)}, but has shape ${formatShape(known.shape)}; ` +
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

/** @throws ConfigError unless the name consists of letters, digits, _ and −: names become parts of longer ones */
export function requireName(what: string, name: unknown): string {
  if (typeof name !== 'string' || !/^[\w-]+$/.test(name)) {
    throw new ConfigError(`${what}: '${name}' is no name; use letters, digits, _ and -`, { name });
  }
  return name;
}
