import { type Operation, run } from '../autodiff/operation.ts';
import { gatesOf, type RecurrentCell } from '../backend/backend.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, type Shape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { rowsLookedUp } from './embedding.ts';
import { linear } from './product.ts';

export interface RecurrentOptions {
  readonly cell: RecurrentCell;
  /** Run from the last step to the first. */
  readonly reverse: boolean;
  /** Called in the backward pass with ∂L/∂h_t (and ∂L/∂c_t) for all steps, `[T, B, H]`. */
  readonly onGradient?: (dh: Tensor, dc: Tensor | null) => void;
}

export interface RecurrentWeights {
  readonly weightIh: Tensor; // [G·H, F]
  readonly weightHh: Tensor; // [G·H, H]
  readonly biasIh: Tensor | null; // [G·H]
  readonly biasHh: Tensor | null; // [G·H]
}

export interface RecurrentResult {
  /** The state after every step `[T, B, H]`. */
  readonly h: Tensor;
  readonly hFinal: Tensor; // [B, H]
  readonly cFinal: Tensor | null; // [B, H]
  /** Cell states of every step and activated gates, as the backend stores them, for probes. */
  readonly c: Tensor | null; // [T, B, H]
  readonly gates: Tensor; // [T, B, G·H]
}

type In = [
  x: Tensor,
  h0: Tensor,
  c0: Tensor | null,
  weightIh: Tensor | null,
  weightHh: Tensor,
  biasIh: Tensor | null,
  biasHh: Tensor | null,
  lengths: Tensor | null,
  ids: Tensor | null,
];

interface Saved {
  readonly h: Tensor;
  readonly c: Tensor | null;
  readonly gates: Tensor;
  readonly extra: Tensor | null;
}

const recurrentOperation: Operation<In, RecurrentOptions, Saved> = {
  name: 'recurrent',
  integers: true,
  forward(inputs, { cell, reverse }, device) {
    const [x, h0, c0, weightIh, weightHh, biasIh, biasHh, lengths, ids] = inputs;
    const [T, B] = (ids ?? x).shape;
    const H = weightHh.shape[1];
    const h = device.empty([T, B, H]);
    const c = cell.kind === 'lstm' ? device.empty([T, B, H]) : null;
    const gates = device.empty([T, B, cell.kind === 'rnn' ? 0 : gatesOf[cell.kind] * H]);
    const extra = cell.kind === 'gru' ? device.empty([T, B, H]) : null;
    const saved = { h, c, gates, extra };
    device.backend.recurrent({ cell, reverse, x, ids, h0, c0, weightIh, weightHh, biasIh, biasHh, lengths, ...saved });
    const last = (states: Tensor, initial: Tensor): Tensor =>
      T === 0 ? initial.detach() : states.view([B, H], reverse ? 0 : (T - 1) * B * H);
    const finals = c === null ? [last(h, h0)] : [last(h, h0), last(c, c0!)];
    return { outputs: [h, ...finals], saved };
  },
  backward({ inputs, options, saved, gradients: [dh, dhFinal, dcFinal = null], wanted }, device) {
    const [x, h0, c0, weightIh, weightHh, biasIh, biasHh, lengths, ids] = inputs;
    const { cell, reverse, onGradient } = options;
    const like = inputs.map((input, index) => (wanted[index] && input !== null ? device.empty(input.shape) : null));
    const [dx, dh0, dc0, dWeightIh, dWeightHh, dBiasIh, dBiasHh] = like;
    const dhTotal = onGradient ? device.empty(saved.h.shape) : null;
    const dcTotal = onGradient && saved.c ? device.empty(saved.c.shape) : null;
    const wantedOut = { dx, dh0, dc0, dWeightIh, dWeightHh, dBiasIh, dBiasHh, dhTotal, dcTotal };
    const given = { cell, reverse, x, ids, h0, c0, weightIh, weightHh, biasIh, biasHh, lengths, ...saved };
    device.backend.recurrentGrad({ ...given, dh, dhFinal, dcFinal, ...wantedOut });
    if (onGradient && dhTotal) onGradient(dhTotal, dcTotal);
    return [...like.slice(0, 7), null, null];
  },
};

/**
 * W_ih times a table of at most this share of the rows that are looked up in it is less work than W_ih times each of those.
 */
const MOST_ROWS = 0.25;

/**
 * A whole recurrent layer over all time steps as one operation, with backpropagation through time as its gradient.
 * x `[T, B, F]`, h0 and c0 `[B, H]`, lengths int32 `[B]` or null; equations and gate order: `RecurrentCell`.
 * In training, where x is an embedding of few different ids, W_ih is multiplied with their vectors alone.
 * @throws ShapeError naming the part that does not fit
 */
export function recurrent(
  x: Tensor,
  state: { readonly h: Tensor; readonly c?: Tensor | null },
  weights: RecurrentWeights,
  options: RecurrentOptions,
  lengths: Tensor | null = null,
): RecurrentResult {
  const { cell } = options;
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  const c0 = cell.kind === 'lstm' ? (state.c ?? null) : null;
  const G = gatesOf[cell.kind];
  const H = weightHh.shape[1];
  const [, B, F] = x.shape;
  const require = (name: string, part: Tensor | null | undefined, shape: Shape): void => {
    if (!part || !sameShape(part.shape, shape)) {
      throw new ShapeError(
        `${cell.kind}: ${name} must be ${formatShape(shape)}, received ${part ? formatShape(part.shape) : 'nothing'} ` +
          `(input ${formatShape(x.shape)} is [T, B, F], H is ${H})`,
        { part: name, expected: shape, received: part?.shape },
      );
    }
  };
  if (x.rank !== 3) {
    throw new ShapeError(`${cell.kind}: the input must be [T, B, F], received ${formatShape(x.shape)}`, { x: x.shape });
  }
  require('weight_hh', weightHh, [G * H, H]);
  require('weight_ih', weightIh, [G * H, F]);
  if (biasIh !== null) require('bias_ih', biasIh, [G * H]);
  if (biasHh !== null) require('bias_hh', biasHh, [G * H]);
  require('state h', state.h, [B, H]);
  if (cell.kind === 'lstm') require('state c', c0, [B, H]);
  if (lengths !== null) require('lengths', lengths, [B]);
  const rest = [weightHh, biasIh, biasHh, lengths] as const;
  const rows = rowsLookedUp(x);
  const inputs: In =
    rows && rows.table.shape[0] <= MOST_ROWS * rows.ids.size
      ? [linear(rows.table, weightIh), state.h, c0, null, ...rest, rows.ids]
      : [x, state.h, c0, weightIh, ...rest, null];
  const { outputs, saved } = run(recurrentOperation, inputs, options);
  const [h, hFinal, cFinal = null] = outputs;
  return { h, hFinal, cFinal, c: saved.c, gates: saved.gates };
}
