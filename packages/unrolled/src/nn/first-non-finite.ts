import type { Tensor } from '../tensor/tensor.ts';
import type { RunOptions } from './recurrent.ts';

/** The location of the first non-finite numbers in an unrolled stack. */
export interface NonFinite {
  readonly layer: number;
  readonly reverse: boolean;
  /** t. */
  readonly step: number;
  /** Such as "gate 'z'" or "state part 'h'". */
  readonly part: string;
  readonly value: number;
}

/**
 * Finds the first NaN or infinity in a run of a stack: checks gates and states of every step, layer by layer.
 * @param run  runs the stack with the given probe
 * @returns null if all are finite
 *
 * @example
 * const found = firstNonFinite((probe) => void layer.run(xs, inference, { state, probe }));
 */
export function firstNonFinite(run: (probe: RunOptions['probe']) => void): NonFinite | null {
  let found: NonFinite | null = null;
  run((layer, reverse) => ({
    step(t, { state, gates }) {
      const look = (kind: string, parts: Readonly<Record<string, Tensor>>): void => {
        for (const [name, tensor] of Object.entries(parts)) {
          const value = found ? undefined : tensor.data().find((number) => !Number.isFinite(number));
          if (value !== undefined) found = { layer, reverse, step: t, part: `${kind} '${name}'`, value };
        }
      };
      look('gate', gates);
      look('state part', state);
    },
  }));
  return found;
}
