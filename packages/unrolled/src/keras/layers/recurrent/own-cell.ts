import { type Cell, type CellSource, createCell } from '../../../nn/cells/index.ts';
import { shapeDevice } from '../../../nn/cells/shape-device.ts';
import { Weight } from '../../weight.ts';
import type { Declare, KerasCell } from './cells.ts';

/** A cell of the library, or one of your own made by `defineCell`, as a cell of a recurrent layer. */
export class OwnCell implements KerasCell {
  readonly config: object;
  readonly states: KerasCell['states'];
  readonly dropout = 0;
  readonly recurrentDropout = 0;
  readonly #cell: Cell;

  constructor(source: CellSource, units?: number) {
    this.#cell = createCell(source, units);
    this.config = { layer: 'cell', cell: source, ...(units !== undefined && { units }) };
    const state = this.#cell.initialState(1, shapeDevice());
    this.states = Object.entries(state).map(([name, { shape }]) => ({ name, shape: shape.slice(1) }));
  }

  build(features: number, _declare: Declare, take: (weight: Weight) => void): number {
    for (const weight of Weight.of((declarations) => this.#cell.build(features, declarations))) take(weight);
    return this.#cell.width;
  }

  bind(): Cell {
    return this.#cell;
  }
}
