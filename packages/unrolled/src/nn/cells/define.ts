import { ConfigError } from '../../errors.ts';
import type { Device } from '../../tensor/device.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { Declarations } from '../parameters.ts';
import { type Cell, type CellConfig, type CellState, type CellStep, type OnRecurrent, SizedCell } from './cell.ts';
import { checkedStep, naming } from './checked-step.ts';
import { unchanged } from './fused.ts';
import { shapeDevice } from './shape-device.ts';
import { NamedParameters, requireName, type StepTools } from './step-tools.ts';

export interface CellDefinition<State extends CellState = CellState> {
  /** Prefix of its parameters' names, also used in errors: letters, digits, _ and -. Default 'own'. */
  readonly name?: string;
  /** The state before the first step, by the names of its parts. */
  initialState(tools: StateTools): State;
  /** x `[B, F]` and the state before → output `[B, …]`, the state after, and gates to inspect. */
  step(x: Tensor, state: State, tools: StepTools): CellStep<State>;
}

export interface StateTools {
  /** H. */
  readonly hidden: number;
  /** Zeros `[B, …extents]` for a part of the state. */
  zeros(...extents: number[]): Tensor;
}

/**
 * Defines a cell by two functions. Building the cell runs the step once on shapes alone and declares the parameters it
 * requests. The step must request the same parameters at every call, and be a pure function of x, its state and its
 * parameters, made of this library's operations; its gradient is automatic.
 *
 * @throws ConfigError if step or initialState is missing, or the name is not valid
 *
 * @example
 * const leaky = defineCell({
 *   name: 'leaky',
 *   initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
 *   step(x, { h }, { linear, parameter, hidden }) {
 *     const keep = parameter('keep', [hidden]).sigmoid();
 *     const next = h.mul(keep).add(linear('in', [x, h]).tanh());
 *     return { output: next, state: { h: next } };
 *   },
 * });
 * const layer = new Recurrent({ cell: leaky, hidden: 32 });
 */
export function defineCell<State extends CellState>(definition: CellDefinition<State>): DefinedCell {
  return new DefinedCell(definition as unknown as CellDefinition);
}

/** The result of `defineCell`: a kind of cell, used like 'lstm'. Its JSON is its name. */
export class DefinedCell {
  readonly name: string;
  readonly #definition: CellDefinition;

  constructor(definition: CellDefinition) {
    for (const part of ['initialState', 'step'] as const) {
      if (typeof definition?.[part] !== 'function') {
        throw new ConfigError(`defineCell: ${part} must be a function, received ${typeof definition?.[part]}`);
      }
    }
    this.name = requireName('defineCell', definition.name ?? 'own');
    this.#definition = definition;
  }

  /** Creates a cell of this kind with its own parameters. @param options  stored in its `config` */
  create(options: Omit<CellConfig, 'cell'>): Cell {
    return new OwnCell({ ...options, cell: this.name }, this.#definition);
  }

  toJSON(): string {
    return this.name;
  }
}

class OwnCell extends SizedCell<{ width: number }> implements Cell {
  readonly config: CellConfig;
  readonly #definition: CellDefinition;
  readonly #tools: NamedParameters;

  constructor(config: CellConfig, definition: CellDefinition) {
    super();
    this.config = config;
    this.#definition = definition;
    this.#tools = new NamedParameters(config.cell, config.hidden);
  }

  override get width(): number {
    return this.parts.width;
  }

  build(features: number, declarations: Declarations): void {
    const device = shapeDevice();
    const rows = 2;
    const state = this.initialState(rows, device);
    const { output } = this.#tools.declaring(declarations, () =>
      checkedStep(this, device.empty([rows, features]), state, 'its step'),
    );
    this.parts = { width: output.shape[1] };
  }

  initialState(batch: number, device: Device): CellState {
    const place = `cell '${this.config.cell}', initialState`;
    const { hidden } = this;
    const zeros = (...extents: number[]): Tensor => device.zeros([batch, ...extents]);
    const state = naming(place, () => this.#definition.initialState({ hidden, zeros }));
    const parts = Object.entries(state ?? {});
    const wrong = parts.find(([, part]) => !(part instanceof Tensor) || part.shape[0] !== batch);
    if (parts.length === 0 || wrong) {
      throw new ConfigError(
        `${place}: it must return the parts of the state by name, such as { h: zeros(hidden) }; ` +
          (wrong ? `'${wrong[0]}' is not made by zeros` : 'it returned none'),
      );
    }
    for (const [name] of parts) requireName(`${place}: state`, name);
    return state;
  }

  step(x: Tensor, state: CellState, recurrent: OnRecurrent = unchanged): CellStep {
    return this.#tools.during(x, recurrent, () => this.#definition.step(x, state, this.#tools));
  }
}
