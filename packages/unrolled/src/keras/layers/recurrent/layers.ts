import { anything, count } from '../../../checks.ts';
import { ConfigError } from '../../../errors.ts';
import type { CellSource } from '../../../nn/cells/index.ts';
import { layerConfig } from '../../layer.ts';
import type { SymbolicTensor } from '../../symbolic.ts';
import {
  type CellOptions,
  cellKinds,
  cellTable,
  type GruCellOptions,
  gruCell,
  gruKinds,
  type KerasCell,
  type LstmCellOptions,
  lstmCell,
  lstmKinds,
  simpleRNNCell,
} from './cells.ts';
import { OwnCell } from './own-cell.ts';
import { Rnn, type RnnLayerOptions, rnnKinds } from './rnn.ts';

export type SimpleRnnOptions = CellOptions & RnnLayerOptions;
export type LstmOptions = LstmCellOptions & RnnLayerOptions;
export type GruOptions = GruCellOptions & RnnLayerOptions;

/** Options that ask for the final state too. */
interface WithState {
  readonly returnState: true;
}

/** The options of the cell among those of a layer. */
function ofCell<Options extends object>(options: Options, kinds: object): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in kinds)) as Options;
}

/**
 * The simple recurrence h = φ(x·W + h·U + b) over `[B, T, F]`. Weights: `kernel` [F, H], `recurrentKernel` [H, H], `bias` [H].
 * Uses a mask, and passes it on with `returnSequences`.
 * @throws ConfigError on an unknown option or a value that cannot work
 */
export function simpleRNN(options: SimpleRnnOptions & WithState): Rnn<SymbolicTensor[]>;
export function simpleRNN(options: SimpleRnnOptions): Rnn;
export function simpleRNN(options: SimpleRnnOptions): Rnn<unknown> {
  const config = layerConfig('simpleRNN', options, { ...cellKinds, ...rnnKinds });
  return new Rnn(config, [simpleRNNCell(ofCell(options, cellKinds))]);
}

/**
 * An LSTM (Hochreiter & Schmidhuber 1997) over `[B, T, F]`. Weights: `kernel` [F, 4H], `recurrentKernel` [H, 4H], `bias` [4H],
 * the gates in the order i f c o. State: h, c. Uses a mask, and passes it on with `returnSequences`.
 * @throws ConfigError on an unknown option or a value that cannot work
 *
 * @example
 * const [sequence, h, c] = lstm({ units: 64, returnSequences: true, returnState: true }).apply(x);
 */
export function lstm(options: LstmOptions & WithState): Rnn<SymbolicTensor[]>;
export function lstm(options: LstmOptions): Rnn;
export function lstm(options: LstmOptions): Rnn<unknown> {
  const config = layerConfig('lstm', options, { ...lstmKinds, ...rnnKinds });
  return new Rnn(config, [lstmCell(ofCell(options, lstmKinds))]);
}

/**
 * A GRU (Cho 2014) over `[B, T, F]`. Weights: `kernel` [F, 3H], `recurrentKernel` [H, 3H], `bias` [2, 3H] with `resetAfter`, else
 * [3H], the gates in the order z r h. Uses a mask, and passes it on with `returnSequences`.
 * @throws ConfigError on an unknown option or a value that cannot work
 */
export function gru(options: GruOptions & WithState): Rnn<SymbolicTensor[]>;
export function gru(options: GruOptions): Rnn;
export function gru(options: GruOptions): Rnn<unknown> {
  const config = layerConfig('gru', options, { ...gruKinds, ...rnnKinds });
  return new Rnn(config, [gruCell(ofCell(options, gruKinds))]);
}

/** A cell of `lstmCell`, `gruCell` or `simpleRNNCell`, or its configuration; or any of the library's, or one of `defineCell`. */
export type RnnCell = KerasCell | CellSource | { readonly layer: string };

export interface RnnOptions extends RnnLayerOptions {
  /** The cell, or several, of which each takes the outputs of the one before. */
  readonly cell: RnnCell | readonly RnnCell[];
  /** H, for cells of the library by name, and your own. */
  readonly units?: number | undefined;
}

function cellFrom(cell: RnnCell, units: number | undefined): KerasCell {
  if (typeof cell === 'object' && 'bind' in cell) return cell;
  const { layer } = cell as { readonly layer?: string };
  if (layer === undefined) return new OwnCell(cell as CellSource, units);
  if (layer === 'cell') {
    const { cell: source, units: hidden } = cell as unknown as { cell: CellSource; units?: number };
    return new OwnCell(source, hidden);
  }
  if (Object.hasOwn(cellTable, layer)) return cellTable[layer](cell as never);
  throw new ConfigError(`rnn: there is no cell '${layer}'; use ${Object.keys(cellTable).join(', ')}`, { layer });
}

/**
 * Any cell, or a stack of them, over `[B, T, F]`. Uses a mask, and passes it on with `returnSequences`.
 * @throws ConfigError on an unknown cell or option
 *
 * @example
 * rnn({ cell: [lstmCell({ units: 32 }), gruCell({ units: 16 })] });
 * rnn({ cell: 'rhn', units: 32 });
 * rnn({ cell: leaky, units: 32 });   // made by defineCell
 */
export function rnn(options: RnnOptions & WithState): Rnn<SymbolicTensor[]>;
export function rnn(options: RnnOptions): Rnn;
export function rnn(options: RnnOptions): Rnn<unknown> {
  const { cell, units } = options;
  const isStack = Array.isArray(cell);
  const cells = (isStack ? cell : [cell]).map((one: RnnCell) => cellFrom(one, units));
  if (cells.length === 0) throw new ConfigError('rnn: the list of cells is empty');
  const config = layerConfig('rnn', options, { ...rnnKinds, cell: anything, units: count });
  const plain = cells.map((one) => one.config);
  const { units: _, ...rest } = config;
  return new Rnn({ ...rest, cell: isStack ? plain : plain[0] } as typeof config, cells, isStack);
}
