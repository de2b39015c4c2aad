import type { RecurrentCell } from '../../backend/backend.ts';
import type { Cell, CellState } from '../../nn/cells/cell.ts';
import { fusedSequence } from '../../nn/cells/fused.ts';
import { add, concat, linear, mul, type RecurrentWeights, slice, sub } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { clip } from './activations.ts';
import type { RecurrentActivation } from './recurrent-activations.ts';

export type RecurrentKind = 'RNN' | 'LSTM' | 'GRU';

/** What ONNX's recurrent operators have that a cell of the library may not. */
export interface CellOptions {
  readonly hidden: number;
  /** Of this direction: f, g, h. */
  readonly activations: readonly RecurrentActivation[];
  /** Bound of what goes into an activation; 0: none. */
  readonly clip: number;
  /** LSTM: the forget gate is 1 − i. */
  readonly coupled: boolean;
  /** GRU: the reset gate acts after the recurrent product. */
  readonly linearBeforeReset: boolean;
}

export interface CellWeights extends RecurrentWeights {
  /** LSTM: w_ci, w_co, w_cf, in this order. */
  readonly peepholes: readonly Tensor[] | null;
}

interface Kind {
  readonly parts: readonly string[];
  /** ONNX's gates in the order of the library. */
  readonly gates: readonly number[];
  readonly activations: readonly string[];
  /** The library's cell, where it computes the same. */
  fused(options: CellOptions): RecurrentCell | null;
  step(weights: CellWeights, options: CellOptions): Cell['step'];
}

const gate = (gates: Tensor, index: number, H: number): Tensor => slice(gates, -1, index * H, (index + 1) * H);
const bounded =
  ({ clip: most }: CellOptions) =>
  (x: Tensor): Tensor =>
    most > 0 ? clip(x, -most, most) : x;
const names = ({ activations }: CellOptions): string => activations.map(({ name }) => name).join();

/** z and r are sums of both products; n is as `linearBeforeReset` says. */
const gruStep: Kind['step'] = (weights, options) => {
  const { hidden: H, activations, linearBeforeReset } = options;
  const [f, g] = activations.map(({ apply }) => apply);
  const bound = bounded(options);
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  const hh = (from: number, to: number) => slice(weightHh, 0, from * H, to * H);
  const bh = (from: number, to: number) => biasHh && slice(biasHh, 0, from * H, to * H);
  return (x, { h }) => {
    const gx = linear(x, weightIh, biasIh);
    const gh = linear(h, hh(0, 2), bh(0, 2));
    const [r, z] = [0, 1].map((i) => f(bound(add(gate(gx, i, H), gate(gh, i, H)))));
    const fromState = linearBeforeReset ? mul(r, linear(h, hh(2, 3), bh(2, 3))) : linear(mul(r, h), hh(2, 3), bh(2, 3));
    const n = g(bound(add(gate(gx, 2, H), fromState)));
    const next = add(mul(z, h), mul(sub(1, z), n));
    return { output: next, state: { h: next } };
  };
};

const lstmStep: Kind['step'] = (weights, options) => {
  const { hidden: H, activations, coupled } = options;
  const [f, g, h] = activations.map(({ apply }) => apply);
  const bound = bounded(options);
  const { weightIh, weightHh, biasIh, biasHh, peepholes } = weights;
  const [toInput, toOutput, toForget] = peepholes ?? [];
  return (x, before) => {
    const gates = add(linear(x, weightIh, biasIh), linear(before.h, weightHh, biasHh));
    const seen = (index: number, peephole: Tensor | undefined, c: Tensor): Tensor => {
      const sum = gate(gates, index, H);
      return bound(peephole ? add(sum, mul(peephole, c)) : sum);
    };
    const input = f(seen(0, toInput, before.c));
    const forget = coupled ? sub(1, input) : f(seen(1, toForget, before.c));
    const c = add(mul(forget, before.c), mul(input, g(bound(gate(gates, 2, H)))));
    const next = mul(f(seen(3, toOutput, c)), h(c));
    return { output: next, state: { h: next, c } };
  };
};

export const kinds: Readonly<Record<RecurrentKind, Kind>> = {
  RNN: {
    parts: ['h'],
    gates: [0],
    activations: ['Tanh'],
    fused(options) {
      const [{ name }] = options.activations;
      const isFused = options.clip === 0 && (name === 'tanh' || name === 'relu' || name === 'sigmoid');
      return isFused ? { kind: 'rnn', activation: name } : null;
    },
    step({ weightIh, weightHh, biasIh, biasHh }, options) {
      const bound = bounded(options);
      return (x, { h }) => {
        const next = options.activations[0].apply(bound(add(linear(x, weightIh, biasIh), linear(h, weightHh, biasHh))));
        return { output: next, state: { h: next } };
      };
    },
  },
  // i o f c → i f g o
  LSTM: {
    parts: ['h', 'c'],
    gates: [0, 2, 3, 1],
    activations: ['Sigmoid', 'Tanh', 'Tanh'],
    fused: (options) =>
      options.clip === 0 && !options.coupled && names(options) === 'sigmoid,tanh,tanh' ? { kind: 'lstm' } : null,
    step: lstmStep,
  },
  // z r h → r z n
  GRU: {
    parts: ['h'],
    gates: [1, 0, 2],
    activations: ['Sigmoid', 'Tanh'],
    fused: (options) =>
      options.clip === 0 && names(options) === 'sigmoid,tanh'
        ? { kind: 'gru', reset: options.linearBeforeReset ? 'after' : 'before', update: 'keep' }
        : null,
    step: gruStep,
  },
};

/** Rows `[G·H, …]` of one direction with the gates in the library's order. */
export function reordered(rows: Tensor, gates: readonly number[]): Tensor {
  if (gates.every((gate, i) => gate === i)) return rows;
  const H = rows.shape[0] / gates.length;
  return concat(gates.map((index) => slice(rows, 0, index * H, (index + 1) * H)));
}

/** The library's cell of one direction. */
export function cellOf(operation: RecurrentKind, weights: CellWeights, options: CellOptions): Cell {
  const kind = kinds[operation];
  const { hidden } = options;
  const fused = weights.peepholes ? null : kind.fused(options);
  const sequence: Cell<CellState & { h: Tensor }>['sequence'] =
    fused === null ? undefined : (xs, state, walk) => fusedSequence(fused, { tensors: weights }, [], xs, state, walk);
  return {
    config: { cell: operation.toLowerCase(), hidden },
    hidden,
    width: hidden,
    build: () => {},
    initialState: (batch, device) =>
      Object.fromEntries(kind.parts.map((part) => [part, device.zeros([batch, hidden])])),
    step: kind.step(weights, options),
    ...(sequence && { sequence: sequence as unknown as Cell['sequence'] }),
  };
}
