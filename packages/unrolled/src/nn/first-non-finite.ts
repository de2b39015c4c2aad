import type { TypedArray } from '../backend/backend.ts';
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
 * const found = await firstNonFinite((probe) => void layer.run(xs, inference, { state, probe }));
 */
export async function firstNonFinite(run: (probe: RunOptions['probe']) => void): Promise<NonFinite | null> {
  const readings: { readonly place: Omit<NonFinite, 'value'>; readonly numbers: Promise<TypedArray> }[] = [];
  run((layer, reverse) => ({
    step(t, { state, gates }) {
      const look = (kind: string, parts: Readonly<Record<string, Tensor>>): void => {
        for (const [name, tensor] of Object.entries(parts)) {
          readings.push({ place: { layer, reverse, step: t, part: `${kind} '${name}'` }, numbers: tensor.read() });
        }
      };
      look('gate', gates);
      look('state part', state);
    },
  }));
  for (const { place, numbers } of readings) {
    const value = (await numbers).find((number) => !Number.isFinite(number));
    if (value !== undefined) return { ...place, value };
  }
  return null;
}
