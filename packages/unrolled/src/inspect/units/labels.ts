import { DataError } from '../../errors.ts';
import type { Property } from '../properties/property.ts';
import { momentsOf, standardised } from './ranks.ts';

/** A property of every step of a sequence. */
export interface Labels {
  readonly name: string;
  /** 'binary': 0 or 1; 'graded': any finite number. */
  readonly kind: Property['kind'];
  /** `[N]`. */
  readonly values: Float32Array;
}

/** The labels of one part of a sequence. */
export interface PartLabels {
  readonly values: Float32Array;
  /** The same with mean 0 and variance 1. */
  readonly standard: Float32Array;
  /** Of `values`: for binary ones the share of 1. */
  readonly mean: number;
}

/** @throws DataError if all labels of the part are the same: nothing can follow them */
export function partLabels({ name, values: all }: Labels, from: number, to: number, part: string): PartLabels {
  const values = all.subarray(from, to);
  const { mean, deviation } = momentsOf(values);
  if (!(deviation > 0)) {
    throw new DataError(
      `units: '${name}' is ${values[0]} everywhere in the ${part} part of the text (${values.length} steps), so nothing ` +
        'can be seen to follow it; give another text, or a longer one',
      { property: name, value: values[0], steps: values.length },
    );
  }
  return { values, mean, standard: standardised(values) };
}
