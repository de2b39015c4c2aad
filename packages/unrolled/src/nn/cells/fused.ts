import type { RecurrentCell } from '../../backend/backend.ts';
import { gatesOf } from '../../backend/backend.ts';
import { flag, type Kinds, number } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { at, linear, type RecurrentWeights, recurrent, slice } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type Initialiser, zeros } from '../initialisers.ts';
import { initialiserKind } from '../layer-config.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import type { CellSequence, CellState, SequenceOptions } from './cell.ts';

export interface FusedCellOptions {
  /** H, the number of hidden units. */
  readonly hidden: number;
  /** Biases on both products, as in PyTorch. Default true. */
  readonly bias?: boolean;
  /** Input weights. Default uniform with limit 1/√H, PyTorch's. */
  readonly weightIh?: Initialiser;
  /** Recurrent weights. Default uniform with limit 1/√H, PyTorch's. */
  readonly weightHh?: Initialiser;
}

export const fusedKinds: Kinds<Omit<FusedCellOptions, 'hidden'>> = {
  bias: flag,
  weightIh: initialiserKind,
  weightHh: initialiserKind,
};

/** A number of steps for chrono initialisation. */
export const chronoKind = number({ from: 3 });

/**
 * The weights shared by all cells that the backend fuses, with PyTorch's names: `weight_ih` [G·H, F],
 * `weight_hh` [G·H, H], `bias_ih` [G·H], `bias_hh` [G·H], for G gates.
 */
export class FusedWeights {
  readonly kind: RecurrentCell['kind'];
  readonly #hidden: number;
  readonly #ih: Parameter;
  readonly #hh: Parameter;
  readonly #biasIh: Parameter | null;
  readonly #biasHh: Parameter | null;

  constructor(
    kind: RecurrentCell['kind'],
    options: FusedCellOptions,
    features: number,
    declarations: Declarations,
    biasIh: Initialiser = zeros,
    stateWidth = options.hidden,
  ) {
    const { hidden: H, bias = true } = options;
    const rows = gatesOf[kind] * H;
    this.#hidden = H;
    const uniform: Initialiser = { kind: 'uniform', limit: 1 / Math.sqrt(H) };
    this.kind = kind;
    this.#ih = declarations.declare('weight_ih', [rows, features], options.weightIh ?? uniform);
    this.#hh = declarations.declare('weight_hh', [rows, stateWidth], options.weightHh ?? uniform);
    this.#biasIh = bias ? declarations.declare('bias_ih', [rows], biasIh) : null;
    this.#biasHh = bias ? declarations.declare('bias_hh', [rows], zeros) : null;
  }

  get tensors(): RecurrentWeights {
    return {
      weightIh: this.#ih.value,
      weightHh: this.#hh.value,
      biasIh: this.#biasIh?.value ?? null,
      biasHh: this.#biasHh?.value ?? null,
    };
  }

  /** W_ih x + b_ih, `[B, G·H]`. */
  fromInput(x: Tensor): Tensor {
    return linear(x, this.#ih.value, this.#biasIh?.value);
  }

  /** W_hh h + b_hh, `[B, G·H]`. */
  fromHidden(h: Tensor): Tensor {
    return linear(h, this.#hh.value, this.#biasHh?.value);
  }

  /** The same for some of the gates only. */
  fromHiddenGates(h: Tensor, first: number, end: number): Tensor {
    const H = this.#hidden;
    const bias = this.#biasHh && slice(this.#biasHh.value, 0, first * H, end * H);
    return linear(h, slice(this.#hh.value, 0, first * H, end * H), bias);
  }
}

/** A gate's initial bias may be given only once, and needs biases. @throws ConfigError otherwise */
export function checkFirstBias(
  cell: string,
  { bias, chrono, forgetBias }: { readonly bias?: boolean; readonly chrono?: number; readonly forgetBias?: number },
): void {
  if (chrono !== undefined && forgetBias !== undefined) {
    throw new ConfigError(
      `${cell}: forgetBias and chrono both set the initial bias of the forget gate; leave one of them out`,
      { chrono, forgetBias },
    );
  }
  if (bias === false && (chrono ?? forgetBias) !== undefined) {
    throw new ConfigError(`${cell}: without biases there is no initial gate bias; leave bias: false out`, {
      chrono,
      forgetBias,
    });
  }
}

/** Gate `index` of G concatenated gates, `[…, G·H]` → `[…, H]`. */
export function gate(gates: Tensor, index: number, hidden: number): Tensor {
  return slice(gates, -1, index * hidden, (index + 1) * hidden);
}

export const unchanged = (h: Tensor): Tensor => h;

/** Runs a cell over a whole sequence as one operation of the backend. */
export function fusedSequence<State extends CellState & { h: Tensor; c?: Tensor }>(
  cell: RecurrentCell,
  weights: Pick<FusedWeights, 'tensors'>,
  gateNames: readonly string[],
  xs: Tensor,
  state: State,
  { reverse, lengths, onGradient }: SequenceOptions<State>,
): CellSequence<State> {
  const T = xs.shape[0];
  const H = state.h.shape[1];
  const named = (h: Tensor, c: Tensor | null): State => (c === null ? { h } : { h, c }) as State;
  const stepOf = (h: Tensor, c: Tensor | null, t: number): State => named(at(h, t), c && at(c, t));
  const result = recurrent(
    xs,
    state,
    weights.tensors,
    {
      cell,
      reverse,
      onGradient:
        onGradient &&
        ((dh, dc) => {
          for (let i = T - 1; i >= 0; i--) {
            const t = reverse ? T - 1 - i : i;
            onGradient(t, stepOf(dh, dc, t));
          }
        }),
    },
    lengths,
  );
  return {
    outputs: result.h,
    state: named(result.hFinal, result.cFinal),
    at: (t) => ({
      state: stepOf(result.h, result.c, t),
      gates: Object.fromEntries(gateNames.map((name, index) => [name, gate(at(result.gates, t), index, H)])),
    }),
  };
}
