import { flag } from '../../../checks.ts';
import { ConfigError, ShapeError } from '../../../errors.ts';
import type { CellState } from '../../../nn/cells/cell.ts';
import { withRecurrentDropout } from '../../../nn/recurrent-dropout.ts';
import { unroll } from '../../../nn/unroll.ts';
import { dropout, mul } from '../../../ops/index.ts';
import { formatShape, type Shape } from '../../../shape.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import {
  type CallContext,
  type CarriedState,
  type CommonOptions,
  KerasLayer,
  type KerasLayerConfig,
  lastExtent,
  requireRank,
} from '../../layer.ts';
import type { Mask } from '../../mask.ts';
import type { Regularizer } from '../../regularizers.ts';
import { type SymbolicTensor, symbolsIn } from '../../symbolic.ts';
import { addActivityLoss } from '../dense.ts';
import { regularizerKind } from '../options.ts';
import type { KerasCell } from './cells.ts';
import { pack } from './packed.ts';

/** Options of recurrent layers, whatever their cell. */
export interface RnnLayerOptions extends CommonOptions {
  /** The outputs of all steps, `[B, T, H]`, in place of the last one's, `[B, H]`. Default false. */
  readonly returnSequences?: boolean | undefined;
  /** Also return the final state: the layer then has several outputs. Default false. */
  readonly returnState?: boolean | undefined;
  /** Run from the last step to the first; the outputs are in the order in which it ran. Default false. */
  readonly goBackwards?: boolean | undefined;
  /** Begin with the state after the batch before; `resetStates` forgets it. Default false. */
  readonly stateful?: boolean | undefined;
  /** Masked steps have output 0, and do not repeat the output before them. Default false. */
  readonly zeroOutputForMask?: boolean | undefined;
  /** Of the layer's output, over the batch size. */
  readonly activityRegularizer?: Regularizer | null | undefined;
}

export const rnnKinds = {
  returnSequences: flag,
  returnState: flag,
  goBackwards: flag,
  stateful: flag,
  zeroOutputForMask: flag,
  activityRegularizer: regularizerKind,
};

export interface ApplyOptions {
  /** Symbolic tensors `[B, H]` for each part of the state, in the order in which `returnState` gives them. */
  readonly initialState?: SymbolicTensor | readonly SymbolicTensor[] | undefined;
}

/** A recurrent layer: one cell or a stack of them along a sequence. */
export class Rnn<Out = SymbolicTensor> extends KerasLayer<Out> {
  readonly config: KerasLayerConfig & RnnLayerOptions;
  readonly cells: readonly KerasCell[];
  /** Whether the weights' names say which of several cells they are of. */
  readonly #isStack: boolean;
  #width = 0;
  /** Of the batch before, where it is stateful. */
  #carried: readonly Tensor[] | null = null;
  /** Set by a bidirectional layer, whose masked steps give 0. */
  zeroAtMask = false;

  constructor(config: KerasLayerConfig & RnnLayerOptions, cells: readonly KerasCell[], isStack = false) {
    super();
    this.config = config;
    this.cells = cells;
    this.#isStack = isStack;
  }

  /** The extents of the parts of the state, after the batch. */
  get stateShapes(): readonly Shape[] {
    return this.cells.flatMap(({ states }) => states.map(({ shape }) => shape));
  }

  override get hasSeveralOutputs(): boolean {
    return this.config.returnState ?? false;
  }

  override apply(inputs: SymbolicTensor | readonly SymbolicTensor[], { initialState }: ApplyOptions = {}): Out {
    const states = initialState === undefined ? [] : symbolsIn(`${this.name}: initialState`, initialState);
    return this.applyTo([...symbolsIn(this.name, inputs), ...states]) as Out;
  }

  override build([shape]: readonly Shape[]): void {
    requireRank(this.name, shape, 3, 'sequences [B, T, F]');
    let features = lastExtent(this.name, shape);
    this.cells.forEach((cell, i) => {
      const prefix = this.#isStack ? `cell${i}.` : '';
      features = cell.build(
        features,
        (name, extents, options) => this.addWeight(prefix + name, extents, options),
        (weight) => this.takeWeight(weight),
      );
    });
    this.#width = features;
  }

  override outputShapes([shape, ...states]: readonly Shape[]): readonly Shape[] {
    const { returnSequences = false, returnState = false } = this.config;
    const expected = this.stateShapes;
    requireRank(this.name, shape, 3, 'sequences [B, T, F]');
    if (states.length > 0) {
      const fits =
        states.length === expected.length && states.every((one, i) => one.slice(1).join() === expected[i].join());
      if (!fits) {
        throw new ShapeError(
          `${this.name}: initialState must be ${expected.map((one) => formatShape([-1, ...one])).join(', ')}, received ` +
            `${states.map(formatShape).join(', ')}`,
          { expected, received: states },
        );
      }
    }
    const output = returnSequences ? [shape[0], shape[1], this.#width] : [shape[0], this.#width];
    return [output, ...(returnState ? expected.map((extents) => [shape[0], ...extents]) : [])];
  }

  call([x, ...given]: readonly Tensor[], context: CallContext): readonly Tensor[] {
    const { returnSequences = false, returnState = false, goBackwards = false, zeroOutputForMask } = this.config;
    const zero = zeroOutputForMask ?? this.zeroAtMask;
    const packed = pack(x, context.masks[0] ?? null, goBackwards);
    const before = given.length > 0 ? given : this.#statesFor(x.shape[0]);
    let outputs = packed.xs;
    let place = 0;
    const states: Tensor[] = [];
    for (const cell of this.cells) {
      const bound = cell.bind();
      const names = cell.states.map(({ name }) => name);
      const initial: CellState = before
        ? Object.fromEntries(names.map((name, i) => [name, before[place + i]]))
        : bound.initialState(x.shape[0], x.device);
      place += names.length;
      if (context.training && cell.dropout > 0) {
        const ones = x.device.ones([1, x.shape[0], outputs.shape[2]]);
        outputs = mul(outputs, dropout(ones, cell.dropout, context.random));
      }
      const dropping = context.training && cell.recurrentDropout > 0;
      const running = dropping ? withRecurrentDropout(bound, cell.recurrentDropout, initial, context.random) : bound;
      const { lengths, reverse } = packed;
      const unrolled = unroll(running, outputs, initial, { lengths, reverse });
      outputs = unrolled.outputs;
      states.push(...names.map((name) => unrolled.state[name]));
    }
    if (this.config.stateful) this.#carried = states.map(copied);
    const y = returnSequences ? packed.sequence(outputs, zero) : packed.last(outputs, zero);
    addActivityLoss(y, this.config.activityRegularizer, context);
    return [y, ...(returnState ? states : [])];
  }

  override computeMask(masks: readonly (Mask | null)[]): readonly (Mask | null)[] {
    const { returnSequences = false, returnState = false, goBackwards = false } = this.config;
    const mask = masks[0] ?? null;
    // Keras passes the mask on as it is; where the outputs are in reverse order, so is the mask here.
    const own = returnSequences ? (goBackwards ? (mask?.reversed() ?? null) : mask) : null;
    return [own, ...(returnState ? this.stateShapes.map(() => null) : [])];
  }

  #statesFor(batch: number): readonly Tensor[] | null {
    const carried = this.config.stateful ? this.#carried : null;
    if (carried === null || carried[0].shape[0] === batch) return carried;
    throw new ShapeError(
      `${this.name}: it is stateful, and the batch before had ${carried[0].shape[0]} rows, this one ${batch}; give batches of one ` +
        'size, or call resetStates() between them',
      { before: carried[0].shape[0], batch },
    );
  }

  /** @throws ConfigError on a row that the last batch did not have */
  override resetStates(rows?: readonly number[]): void {
    if (rows === undefined || this.#carried === null) {
      this.#carried = null;
      return;
    }
    for (const state of this.#carried) {
      const [batch] = state.shape;
      const odd = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= batch);
      if (odd !== undefined) {
        throw new ConfigError(`resetStates: there is no row ${odd}; the last batch had ${batch}`, { row: odd, batch });
      }
      const width = state.size / batch;
      for (const row of rows) state.device.backend.fill(state.view([width], row * width), 0);
    }
  }

  override carried(path: string): Readonly<Record<string, CarriedState>> {
    if (!this.config.stateful) return {};
    return {
      [path]: {
        tensors: this.#carried,
        set: (tensors) => {
          this.#carried = tensors;
        },
      },
    };
  }
}

/** A copy that outlives the step; a state may be part of the outputs of all steps, which need not stay. */
function copied(state: Tensor): Tensor {
  const { device } = state;
  const copy = device.keep(device.empty(state.shape));
  device.backend.copy(state, copy);
  return copy;
}
