import { ConfigError } from '../errors.ts';
import { dropout, mul } from '../ops/index.ts';
import type { Random } from '../random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Cell, type CellState, withStep } from './cells/cell.ts';

/**
 * Dropout on the recurrence (Gal & Ghahramani 2016): on its way into products with weights the state is multiplied by a
 * mask, one for the whole sequence, whose numbers are 0 with probability `rate` and 1/(1 − rate) otherwise. What a cell
 * carries on without a product, such as an LSTM's c or z ⊙ h in a GRU, stays whole.
 *
 * Gives a cell for one sequence of rows like `state`. It runs by its step, also where the cell has a fused form.
 * @throws ConfigError in its step if the cell has no product with its state, as minGRU and the unitary cell have none
 */
export function withRecurrentDropout(cell: Cell, rate: number, state: CellState, random: Random): Cell {
  // Masks are made before the first step, so that all steps are alike.
  const masks = new Map<number, Tensor>();
  for (const { device, shape } of Object.values(state)) {
    if (shape.length === 2 && !masks.has(shape[1])) masks.set(shape[1], dropout(device.ones(shape), rate, random));
  }
  let used = false;
  const masked = (h: Tensor): Tensor => {
    const mask = masks.get(h.shape.at(-1)!);
    used ||= mask !== undefined;
    return mask ? mul(h, mask) : h;
  };
  return withStep(cell, (x, before) => {
    const result = cell.step(x, before, masked);
    if (!used) {
      throw new ConfigError('recurrentDropout: this cell has no product of weights with its state to drop from');
    }
    return result;
  });
}
