import { count, flag, type Kind, number, required, requireOptions } from '../../../checks.ts';
import type { Cell, CellState } from '../../../nn/cells/cell.ts';
import { fusedSequence } from '../../../nn/cells/fused.ts';
import { add, concat, linear, mul, type RecurrentWeights, reshape, slice, sub, transpose } from '../../../ops/index.ts';
import type { Random } from '../../../random.ts';
import { type Shape, sizeOf } from '../../../shape.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { type ActivationName, activate, activationKind } from '../../activations.ts';
import type { Constraint } from '../../constraints.ts';
import { type Initializer, initialValues } from '../../initializers.ts';
import type { Regularizer } from '../../regularizers.ts';
import type { Weight, WeightOptions } from '../../weight.ts';
import { constraintKind, initializerKind, regularizerKind } from '../options.ts';

/** Options of all recurrent cells. */
export interface CellOptions {
  /** H, the number of hidden units. */
  readonly units: number;
  /** φ. Default 'tanh'. */
  readonly activation?: ActivationName | undefined;
  /** Default true. */
  readonly useBias?: boolean | undefined;
  /** Of the input weights. Default 'glorotUniform'. */
  readonly kernelInitializer?: Initializer | undefined;
  /** Of the weights of the state. Default 'orthogonal'. */
  readonly recurrentInitializer?: Initializer | undefined;
  /** Default 'zeros'. */
  readonly biasInitializer?: Initializer | undefined;
  readonly kernelRegularizer?: Regularizer | null | undefined;
  readonly recurrentRegularizer?: Regularizer | null | undefined;
  readonly biasRegularizer?: Regularizer | null | undefined;
  readonly kernelConstraint?: Constraint | null | undefined;
  readonly recurrentConstraint?: Constraint | null | undefined;
  readonly biasConstraint?: Constraint | null | undefined;
  /** Dropout of the inputs, one mask for all steps of a sequence. Default 0. */
  readonly dropout?: number | undefined;
  /**
   * Dropout of the state where it is multiplied by weights (Gal & Ghahramani 2016), one mask for all steps. Default 0.
   */
  readonly recurrentDropout?: number | undefined;
}

export interface GatedCellOptions extends CellOptions {
  /** Of the gates. Default 'sigmoid'. */
  readonly recurrentActivation?: ActivationName | undefined;
}

export interface LstmCellOptions extends GatedCellOptions {
  /** Whether the forget gate's bias is 1 at the start (Jozefowicz 2015). Default true. */
  readonly unitForgetBias?: boolean | undefined;
}

export interface GruCellOptions extends GatedCellOptions {
  /** Whether the reset gate acts after the recurrent product, which then has a bias of its own. Default true, as Keras 3. */
  readonly resetAfter?: boolean | undefined;
}

const share = number({ from: 0, below: 1 });

export const cellKinds = {
  units: required(count),
  activation: activationKind,
  useBias: flag,
  kernelInitializer: initializerKind,
  recurrentInitializer: initializerKind,
  biasInitializer: initializerKind,
  kernelRegularizer: regularizerKind,
  recurrentRegularizer: regularizerKind,
  biasRegularizer: regularizerKind,
  kernelConstraint: constraintKind,
  recurrentConstraint: constraintKind,
  biasConstraint: constraintKind,
  dropout: share,
  recurrentDropout: share,
};
export const lstmKinds = { ...cellKinds, recurrentActivation: activationKind, unitForgetBias: flag };
export const gruKinds = { ...cellKinds, recurrentActivation: activationKind, resetAfter: flag };

export type Declare = (name: string, shape: Shape, options: WeightOptions) => Weight;

/** What a recurrent layer runs at each step. Its weights are the layer's. */
export interface KerasCell {
  /** Plain data, from which the cell can be made again. */
  readonly config: object;
  /** The names of the parts of its state, and their extents after the batch. */
  readonly states: readonly { readonly name: string; readonly shape: Shape }[];
  readonly dropout: number;
  readonly recurrentDropout: number;
  /** Declares its weights. Returns the width of its output. */
  build(features: number, declare: Declare, take: (weight: Weight) => void): number;
  /** The library's cell with the weights as they are now. */
  bind(): Cell;
}

function cellOptions<Name extends string, Options extends object>(
  layer: Name,
  options: Options,
  kinds: Readonly<Record<string, Kind>>,
): { readonly layer: Name } & Options {
  requireOptions<object>(layer, options, {
    ...kinds,
    layer: { must: 'the kind', fits: (value: unknown) => value === layer },
  } as never);
  return { ...options, layer };
}

const plain = (options: CellOptions) => ({
  dropout: options.dropout ?? 0,
  recurrentDropout: options.recurrentDropout ?? 0,
});

interface Weights {
  readonly kernel: Weight;
  readonly recurrent: Weight;
  readonly bias: Weight | null;
}

/** In the library's layout, for cells with the same order of gates. */
const transposed = ({ kernel, recurrent, bias }: Weights): RecurrentWeights => ({
  weightIh: transpose(kernel.value),
  weightHh: transpose(recurrent.value),
  biasIh: bias?.value ?? null,
  biasHh: null,
});

/** Weights of G gates: kernel [F, G·H], recurrent kernel [H, G·H], bias `biasShape`. */
function declareWeights(
  options: CellOptions,
  features: number,
  gates: number,
  declare: Declare,
  biasShape: Shape = [gates * options.units],
  bias?: WeightOptions['initializer'],
): Weights {
  const {
    units: H,
    useBias = true,
    kernelInitializer,
    recurrentInitializer = 'orthogonal',
    biasInitializer = 'zeros',
  } = options;
  return {
    kernel: declare('kernel', [features, gates * H], {
      initializer: kernelInitializer,
      regularizer: options.kernelRegularizer,
      constraint: options.kernelConstraint,
    }),
    recurrent: declare('recurrentKernel', [H, gates * H], {
      initializer: recurrentInitializer,
      regularizer: options.recurrentRegularizer,
      constraint: options.recurrentConstraint,
    }),
    bias: useBias
      ? declare('bias', biasShape, {
          initializer: bias ?? biasInitializer,
          regularizer: options.biasRegularizer,
          constraint: options.biasConstraint,
        })
      : null,
  };
}

/** Gates `[n, G·H]` or `[G·H]` in another order, the gates first: `[G·H, n]` or `[G·H]`. */
function gatesFirst(weight: Tensor, order: readonly number[]): Tensor {
  const turned = weight.rank === 2 ? transpose(weight) : weight;
  if (order.every((gate, i) => gate === i)) return turned;
  const H = turned.shape[0] / order.length;
  return concat(order.map((gate) => slice(turned, 0, gate * H, (gate + 1) * H)));
}

const gate = (gates: Tensor, index: number, H: number): Tensor => slice(gates, -1, index * H, (index + 1) * H);
const unchanged = (h: Tensor): Tensor => h;

function houseCell<State extends CellState>(
  name: string,
  hidden: number,
  parts: readonly (keyof State & string)[],
  step: Cell<State>['step'],
  sequence: Cell<State>['sequence'] | null,
): Cell {
  const cell: Cell<State> = {
    config: { cell: name, hidden },
    hidden,
    width: hidden,
    build: () => {},
    initialState: (batch, device) =>
      Object.fromEntries(parts.map((part) => [part, device.zeros([batch, hidden])])) as unknown as State,
    step,
    ...(sequence && { sequence }),
  };
  return cell as unknown as Cell;
}

class SimpleRnnCell implements KerasCell {
  readonly config: { readonly layer: 'simpleRNNCell' } & CellOptions;
  readonly states;
  readonly dropout: number;
  readonly recurrentDropout: number;
  #weights!: Weights;

  constructor(options: CellOptions) {
    this.config = cellOptions('simpleRNNCell', options, cellKinds);
    ({ dropout: this.dropout, recurrentDropout: this.recurrentDropout } = plain(options));
    this.states = [{ name: 'h', shape: [options.units] }];
  }

  build(features: number, declare: Declare): number {
    this.#weights = declareWeights(this.config, features, 1, declare);
    return this.config.units;
  }

  bind(): Cell {
    const { units: H, activation = 'tanh' } = this.config;
    const tensors = transposed(this.#weights);
    const isFused = activation === 'tanh' || activation === 'relu' || activation === 'sigmoid';
    return houseCell<{ h: Tensor }>(
      'simpleRNN',
      H,
      ['h'],
      (x, { h }, onState = unchanged) => {
        const sum = add(linear(x, tensors.weightIh, tensors.biasIh), linear(onState(h), tensors.weightHh));
        const next = activate(sum, activation);
        return { output: next, state: { h: next } };
      },
      isFused
        ? (xs, state, options) => fusedSequence({ kind: 'rnn', activation }, { tensors }, [], xs, state, options)
        : null,
    );
  }
}

class LstmCell implements KerasCell {
  readonly config: { readonly layer: 'lstmCell' } & LstmCellOptions;
  readonly states;
  readonly dropout: number;
  readonly recurrentDropout: number;
  #weights!: Weights;

  constructor(options: LstmCellOptions) {
    this.config = cellOptions('lstmCell', options, lstmKinds);
    ({ dropout: this.dropout, recurrentDropout: this.recurrentDropout } = plain(options));
    this.states = ['h', 'c'].map((name) => ({ name, shape: [options.units] }));
  }

  build(features: number, declare: Declare): number {
    const { units: H, unitForgetBias = true, biasInitializer = 'zeros' } = this.config;
    const bias = (shape: Shape, random: Random): Float64Array => {
      const values = new Float64Array(sizeOf(shape));
      // Gate by gate, as Keras draws them.
      for (const index of [0, 1, 2, 3]) {
        const one: Initializer = index === 1 ? 'ones' : biasInitializer;
        values.set(initialValues(one, [H], random), index * H);
      }
      return values;
    };
    this.#weights = declareWeights(this.config, features, 4, declare, [4 * H], unitForgetBias ? bias : undefined);
    return H;
  }

  bind(): Cell {
    const { units: H, activation = 'tanh', recurrentActivation = 'sigmoid' } = this.config;
    // Keras' gates are i f c o, as the library's i f g o.
    const tensors = transposed(this.#weights);
    const isFused = activation === 'tanh' && recurrentActivation === 'sigmoid';
    return houseCell<{ h: Tensor; c: Tensor }>(
      'lstm',
      H,
      ['h', 'c'],
      (x, state, onState = unchanged) => {
        const gates = add(linear(x, tensors.weightIh, tensors.biasIh), linear(onState(state.h), tensors.weightHh));
        const [i, f] = [0, 1].map((index) => activate(gate(gates, index, H), recurrentActivation));
        const c = add(mul(f, state.c), mul(i, activate(gate(gates, 2, H), activation)));
        const o = activate(gate(gates, 3, H), recurrentActivation);
        const h = mul(o, activate(c, activation));
        return { output: h, state: { h, c } };
      },
      isFused
        ? (xs, state, options) => fusedSequence({ kind: 'lstm' }, { tensors }, ['i', 'f', 'g', 'o'], xs, state, options)
        : null,
    );
  }
}

class GruCell implements KerasCell {
  readonly config: { readonly layer: 'gruCell' } & GruCellOptions;
  readonly states;
  readonly dropout: number;
  readonly recurrentDropout: number;
  #weights!: Weights;

  constructor(options: GruCellOptions) {
    this.config = cellOptions('gruCell', options, gruKinds);
    ({ dropout: this.dropout, recurrentDropout: this.recurrentDropout } = plain(options));
    this.states = [{ name: 'h', shape: [options.units] }];
  }

  build(features: number, declare: Declare): number {
    const { units: H, resetAfter = true } = this.config;
    this.#weights = declareWeights(this.config, features, 3, declare, resetAfter ? [2, 3 * H] : [3 * H]);
    return H;
  }

  bind(): Cell {
    const { units: H, activation = 'tanh', recurrentActivation = 'sigmoid', resetAfter = true } = this.config;
    const { kernel, recurrent, bias } = this.#weights;
    // Keras' gates are z r h, the library's r z n.
    const order = [1, 0, 2];
    const row = (index: number): Tensor | null =>
      bias && gatesFirst(reshape(slice(bias.value, 0, index, index + 1), [3 * H]), order);
    const tensors: RecurrentWeights = {
      weightIh: gatesFirst(kernel.value, order),
      weightHh: gatesFirst(recurrent.value, order),
      biasIh: resetAfter ? row(0) : bias && gatesFirst(bias.value, order),
      biasHh: resetAfter ? row(1) : null,
    };
    const hidden = (first: number, end: number) => ({
      weight: slice(tensors.weightHh, 0, first * H, end * H),
      bias: tensors.biasHh && slice(tensors.biasHh, 0, first * H, end * H),
    });
    const [gates, candidate] = [hidden(0, 2), hidden(2, 3)];
    const reset = resetAfter ? 'after' : 'before';
    const isFused = activation === 'tanh' && recurrentActivation === 'sigmoid';
    return houseCell<{ h: Tensor }>(
      'gru',
      H,
      ['h'],
      (x, { h }, onState = unchanged) => {
        const gx = linear(x, tensors.weightIh, tensors.biasIh);
        const gh = linear(onState(h), gates.weight, gates.bias);
        const [r, z] = [0, 1].map((i) => activate(add(gate(gx, i, H), gate(gh, i, H)), recurrentActivation));
        const fromState = resetAfter
          ? mul(r, linear(onState(h), candidate.weight, candidate.bias))
          : linear(onState(mul(r, h)), candidate.weight, candidate.bias);
        const n = activate(add(gate(gx, 2, H), fromState), activation);
        const next = add(mul(z, h), mul(sub(1, z), n));
        return { output: next, state: { h: next } };
      },
      isFused
        ? (xs, state, options) =>
            fusedSequence({ kind: 'gru', reset, update: 'keep' }, { tensors }, ['r', 'z', 'n'], xs, state, options)
        : null,
    );
  }
}

/** h = φ(x·W + h·U + b). Weights: `kernel` [F, H], `recurrentKernel` [H, H], `bias` [H]. */
export const simpleRNNCell = (options: CellOptions): KerasCell => new SimpleRnnCell(options);
/** An LSTM's step. Weights: `kernel` [F, 4H], `recurrentKernel` [H, 4H], `bias` [4H], the gates in the order i f c o. */
export const lstmCell = (options: LstmCellOptions): KerasCell => new LstmCell(options);
/**
 * A GRU's step. Weights: `kernel` [F, 3H], `recurrentKernel` [H, 3H], `bias` [2, 3H] with `resetAfter`, else [3H], the gates in
 * the order z r h.
 */
export const gruCell = (options: GruCellOptions): KerasCell => new GruCell(options);

export const cellTable: Readonly<Record<string, (options: never) => KerasCell>> = {
  simpleRNNCell: ({ layer: _, ...options }: CellOptions & { layer?: string }) => simpleRNNCell(options),
  lstmCell: ({ layer: _, ...options }: LstmCellOptions & { layer?: string }) => lstmCell(options),
  gruCell: ({ layer: _, ...options }: GruCellOptions & { layer?: string }) => gruCell(options),
};
