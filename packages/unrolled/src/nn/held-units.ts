import { ConfigError } from '../errors.ts';
import { reshape, select } from '../ops/index.ts';
import { formatShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Cell, type CellState, withStep } from './cells/cell.ts';

/** A unit of a cell's state that is clamped to a value after every step. */
export interface HeldUnit {
  /** The part of the state, such as `h`. */
  readonly part: string;
  /** From 0. */
  readonly unit: number;
  /** The value; 0 ablates the unit. */
  readonly value: number;
}

/**
 * The cell with some units clamped: after every step they are set to the given values in the next state and, where that
 * part of the state is also the output (h), in the output. The initial state is not changed. A part that is not the
 * output, such as an LSTM's c, is clamped after the step's output was computed: this removes the unit's memory, not the
 * effect of the current input.
 *
 * @param state  the initial state, whose parts give the shapes and the device
 * @returns a cell that runs by its step, even where `cell` has a fused form; no gradient flows through clamped units
 * @throws ConfigError if there is no such part or unit, a unit is named twice, or a value is not finite
 */
export function withHeldUnits<State extends CellState>(
  cell: Cell<State>,
  held: readonly HeldUnit[],
  state: State,
): Cell<State> {
  const masks = masksOf(cell.config.cell, held, state);
  const change = (part: Tensor, name: string): Tensor => {
    const mask = masks.get(name);
    return mask ? select(mask.free, part, mask.values) : part;
  };
  return withStep(cell, (x, before, recurrent) => {
    const { output, state: after, gates } = cell.step(x, before, recurrent);
    const next = Object.fromEntries(
      Object.entries(after).map(([name, part]) => [name, change(part, name)]),
    ) as unknown as State;
    const same = Object.keys(after).find((name) => after[name] === output);
    return { output: same === undefined ? output : next[same], state: next, gates };
  });
}

interface Mask {
  /** 0 where a unit is clamped, else 1; the shape of one row of the part. */
  readonly free: Tensor;
  readonly values: Tensor;
}

/** Masks are built before the first step, so that all steps record the same operations. */
function masksOf(name: string, held: readonly HeldUnit[], state: CellState): Map<string, Mask> {
  const byPart = Map.groupBy(held, ({ part }) => part);
  return new Map(
    Array.from(byPart, ([part, units]): [string, Mask] => {
      const tensor = state[part];
      if (tensor === undefined) {
        throw new ConfigError(
          `hold: cell '${name}' has no part '${part}' in its state; it has ${Object.keys(state).join(', ')}`,
          { part, parts: Object.keys(state) },
        );
      }
      const shape = [1, ...tensor.shape.slice(1)];
      const size = sizeOf(shape);
      const free = new Float64Array(size).fill(1);
      const values = new Float64Array(size);
      for (const { unit, value } of units) {
        if (!Number.isInteger(unit) || unit < 0 || unit >= size) {
          throw new ConfigError(`hold: part '${part}' of cell '${name}' has units 0 to ${size - 1}, received ${unit}`, {
            part,
            unit,
            shape: formatShape(shape),
          });
        }
        if (!Number.isFinite(value)) {
          throw new ConfigError(
            `hold: unit ${unit} of part '${part}' must be held at a finite number, received ${value}`,
          );
        }
        if (free[unit] === 0)
          throw new ConfigError(`hold: unit ${unit} of part '${part}' is named twice`, { part, unit });
        free[unit] = 0;
        values[unit] = value;
      }
      const { device } = tensor;
      const row = (numbers: Float64Array): Tensor => reshape(device.tensor(numbers, [size]), shape);
      return [part, { free: row(free), values: row(values) }];
    }),
  );
}
