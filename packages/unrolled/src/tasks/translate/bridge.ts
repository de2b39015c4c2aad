import { Linear } from '../../nn/linear.ts';
import type { Declarations } from '../../nn/parameters.ts';
import type { StackState } from '../../nn/recurrent.ts';
import { concat } from '../../ops/index.ts';

/**
 * The decoder's initial state from the encoder's final one. A unidirectional encoder passes its state on unchanged
 * (Sutskever 2014). Of a bidirectional one, every part of every layer is a linear map of both directions, concatenated
 * (Bahdanau 2015):
 *
 *     part = W [forward; backward] + b
 *
 * Parameters: `<part>_l0.weight` [P, 2P], `<part>_l0.bias` [P], …
 */
export class Bridge {
  /** By decoder layer, then by part of its state; null for a unidirectional encoder. */
  #maps: readonly Readonly<Record<string, Linear>>[] | null = null;

  /** @param state  an initial state of the decoder, of any batch size */
  build(state: StackState, bidirectional: boolean, declarations: Declarations): void {
    if (!bidirectional) return;
    this.#maps = state.map((parts, layer) =>
      Object.fromEntries(
        Object.entries(parts).map(([name, { shape }]) => {
          const width = shape[1];
          const map = new Linear({ units: width });
          map.build([-1, 2 * width], declarations.within(`${name}_l${layer}`));
          return [name, map];
        }),
      ),
    );
  }

  apply(encoded: StackState): StackState {
    return (
      this.#maps?.map((maps, layer) => {
        const [forward, backward] = [encoded[2 * layer], encoded[2 * layer + 1]];
        return Object.fromEntries(
          Object.entries(maps).map(([name, map]) => [name, map.apply(concat([forward[name], backward[name]], -1))]),
        );
      }) ?? encoded
    );
  }
}
