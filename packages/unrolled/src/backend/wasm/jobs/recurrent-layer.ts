import type { JobParameters } from './job.ts';
import { ROWS_AT_ONCE } from './products.ts';

/** Which pointwise kernels a layer runs. */
export const Kind = { rnn: 0, lstm: 1, gruAfter: 2, gruBefore: 3 } as const;

export const forwardNames = [
  'kind',
  'variant', // rnn: the activation; gru: 1 where z keeps the old state
  'reverse',
  ...(['T', 'B', 'F', 'H', 'GH'] as const),
  ...(['ids', 'V'] as const), // where there are ids, x is a table of V rows
  ...(['x', 'h0', 'c0', 'weightIh', 'weightHh', 'biasIh', 'biasHh', 'lengths', 'h', 'c', 'gates', 'extra'] as const),
  ...(['packedIh', 'readyIh'] as const), // Wᵢₕᵀ, packed, by others before where ready is 1
  ...(['packedHh', 'readyHh'] as const), // Wₕₕᵀ, packed; its first 2H columns for a GRU that resets before
  ...(['packedHn', 'readyHn'] as const), // W_hnᵀ, packed, for a GRU that resets before
  'bias', // [GH]: initial value of the pre-activations
  'gh', // [B, 3H]: Wₕₕ h₋ + bₕₕ of one step, for a GRU that resets after
] as const;

/** Rows of the left side per product of a layer, for a number of parts. */
export function rowsAtATime({ T, B, GH }: { T: number; B: number; GH: number }, parts: number) {
  const all = Math.ceil((T * B) / parts);
  return { input: Math.min(ROWS_AT_ONCE, all), all, step: Math.ceil(B / parts), weight: Math.ceil(GH / parts) };
}

export type ForwardName = (typeof forwardNames)[number];
export type ForwardLayer = JobParameters<ForwardName>;

export const backwardNames = [
  'kind',
  'variant',
  'reverse',
  ...(['T', 'B', 'F', 'H', 'GH'] as const),
  ...(['ids', 'V'] as const),
  ...(['x', 'h0', 'c0', 'weightIh', 'weightHh', 'lengths', 'h', 'c', 'extra'] as const),
  'gates', // becomes the gradient at the pre-activations; for an RNN, which has no gates, a separate array
  ...(['dh', 'dhFinal', 'dcFinal', 'dx', 'dh0', 'dc0'] as const),
  ...(['dWeightIh', 'dWeightHh', 'dBiasIh', 'dBiasHh', 'dhTotal', 'dcTotal'] as const),
  'packedIh', // Wᵢₕ, packed
  'packedHh', // Wₕₕ, packed; its first 2H rows for a GRU
  'packedHn', // W_hn, packed, for a GRU
  ...(['state', 'nextState', 'dcState'] as const), // [B, H]: gradients passed from step to step
  'packedX', // x as [T·B, F], packed
  'packedH0', // h0, packed
  'packedH', // the h₋ of all other steps as [(T−1)·B, H], packed
  'packedExtra', // r⊙h₋ as [T·B, H], packed, for a GRU that resets before
  ...(['scratch', 'scratchBytes'] as const),
] as const;

export type BackwardName = (typeof backwardNames)[number];
export type BackwardLayer = JobParameters<BackwardName>;
