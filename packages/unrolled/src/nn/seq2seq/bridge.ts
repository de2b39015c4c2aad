import { anything, required, shown } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { concat } from '../../ops/index.ts';
import { sameShape } from '../../shape.ts';
import { Buildable } from '../buildable.ts';
import type { Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import { Linear } from '../linear.ts';
import type { Declarations } from '../parameters.ts';
import type { StackState } from '../sequence-layer.ts';
import type { StateShapes } from './encoded.ts';

export interface BridgeOptions {
  /** The shapes of the decoder's state for one row, `[1, …]`. */
  readonly state: StateShapes;
}

/** A linear map for each part of each layer of the decoder's state; null where the encoder's is passed on. */
interface Maps {
  readonly maps: readonly Readonly<Record<string, Linear>>[] | null;
}

/**
 * The decoder's initial state from the encoder's final one. A state of the decoder's own shapes is passed on unchanged
 * (Sutskever 2014). Of one that has k entries for each layer of the decoder, such as both directions, every part of every
 * layer is a linear map of the k, concatenated (Bahdanau 2015):
 *
 *     part = W [forward; backward] + b
 *
 * Parameters: `<part>_l0.weight` [P, 2P], `<part>_l0.bias` [P], …
 */
export class Bridge extends Buildable<Maps> implements Layer<StackState, StackState, StateShapes, StateShapes> {
  readonly config: { readonly layer: 'bridge' } & BridgeOptions;

  /** @throws ConfigError on an unknown option */
  constructor(options: BridgeOptions) {
    super();
    this.config = layerConfig('bridge', options, { state: required(anything) });
  }

  /** @throws ConfigError if the encoder's state does not fit the decoder's */
  build(encoded: StateShapes, declarations: Declarations): StateShapes {
    const { state } = this.config;
    const passes = (parts: StateShapes[number], layer: number): boolean =>
      Object.entries(parts).every(([name, shape]) => sameShape(shape, encoded[layer][name] ?? []));
    if (encoded.length === state.length && state.every(passes)) {
      this.parts = { maps: null };
      return state;
    }
    const k = encoded.length / state.length;
    const mapOf = (layer: number, name: string, width: number): Linear => {
      const from = encoded.slice(k * layer, k * (layer + 1)).map((parts) => parts[name]?.at(-1) ?? Number.NaN);
      const features = from.reduce((total, size) => total + size, 0);
      if (!Number.isInteger(k) || Number.isNaN(features)) {
        throw new ConfigError(
          `bridge: the encoder's state, ${encoded.length} entries of ${shown(Object.keys(encoded[0] ?? {}))}, does not fit ` +
            `the decoder's, ${state.length} of ${shown(Object.keys(state[0]))}; give it as many, or k for each, with the same parts`,
          { encoded, state },
        );
      }
      const map = new Linear({ units: width });
      map.build([-1, features], declarations.within(`${name}_l${layer}`));
      return map;
    };
    const maps = state.map((parts, layer) =>
      Object.fromEntries(Object.entries(parts).map(([name, shape]) => [name, mapOf(layer, name, shape.at(-1)!)])),
    );
    this.parts = { maps };
    return state;
  }

  apply(encoded: StackState): StackState {
    const { maps } = this.parts;
    if (maps === null) return encoded;
    const k = encoded.length / maps.length;
    return maps.map((parts, layer) => {
      const from = encoded.slice(k * layer, k * (layer + 1));
      const joined = (name: string) =>
        concat(
          from.map((state) => state[name]),
          -1,
        );
      return Object.fromEntries(Object.entries(parts).map(([name, map]) => [name, map.apply(joined(name))]));
    });
  }
}
