import { ConfigError } from '../../../errors.ts';
import type { SymbolicTensor } from '../../symbolic.ts';
import { Bidirectional, type BidirectionalOptions } from './bidirectional.ts';
import { gru, lstm, rnn, simpleRNN } from './layers.ts';
import type { Rnn } from './rnn.ts';

const makers: Readonly<Record<string, (options: never) => Rnn<unknown>>> = { simpleRNN, lstm, gru, rnn };

/** A layer like another, in the other direction. */
function turned(layer: Rnn<unknown>): Rnn<unknown> {
  const { layer: kind, name: _, ...options } = layer.config;
  if (!Object.hasOwn(makers, kind)) {
    throw new ConfigError(`bidirectional: give backwardLayer, since '${kind}' is a layer of your own`, { layer: kind });
  }
  return makers[kind]({ ...options, goBackwards: !layer.config.goBackwards } as never);
}

/** Layers whose result is a list: those that return their state, or both directions apart. */
type Several = readonly SymbolicTensor[] | SymbolicTensor[];

/**
 * A recurrent layer in both directions. Outputs are joined by `mergeMode`; with `returnSequences` both are in the order of time,
 * and a masked step has output 0, as in Keras 3. States are those of the forward layer, then those of the other.
 * @throws ConfigError if the two layers do not fit together
 */
export function bidirectional(
  layer: Rnn<unknown>,
  options: BidirectionalOptions & { readonly mergeMode: null },
): Bidirectional<SymbolicTensor[]>;
export function bidirectional<Out>(layer: Rnn<Out>, options?: BidirectionalOptions): Bidirectional<Out>;
export function bidirectional(
  layer: Rnn<unknown>,
  options: BidirectionalOptions = {},
): Bidirectional<SymbolicTensor | Several> {
  return new Bidirectional(layer, options, () => turned(layer));
}
