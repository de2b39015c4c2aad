import { number, requireOptions } from '../checks.ts';
import { add, div, greaterEqual, maximum, minimum, mul, select, sqrt, square, sum } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { configOf, type Named } from './named.ts';

/** Axes over which a norm is taken. Default 0: the weights into one unit of a dense layer. */
interface Axis {
  readonly axis?: number | readonly number[];
}

interface Options {
  /** No unit's weights are longer than `maxValue`. Default 2. */
  readonly maxNorm: { readonly maxValue?: number } & Axis;
  /** Negative weights become 0. */
  readonly nonNeg: object;
  /** Each unit's weights have length 1. */
  readonly unitNorm: Axis;
  /** Lengths are drawn into [minValue, maxValue], by `rate` of the way. Defaults 0, 1 and 1. */
  readonly minMaxNorm: { readonly minValue?: number; readonly maxValue?: number; readonly rate?: number } & Axis;
}

/** What a weight is made to satisfy after each update. */
export type Constraint = Named<Options>;

const axis = {
  must: 'an axis or a list of them',
  fits: (value: unknown): boolean => [value].flat().every(Number.isInteger),
};
const positive = number({ from: 0 });
const kinds = {
  maxNorm: { maxValue: positive, axis },
  nonNeg: {},
  unitNorm: { axis },
  minMaxNorm: { minValue: positive, maxValue: positive, rate: number({ from: 0, to: 1 }), axis },
};

/** @throws ConfigError on an unknown name or option */
export const requireConstraint = (place: string, given: Constraint): void => {
  const { name, ...options } = configOf(place, given, kinds);
  requireOptions(`${place} '${name}'`, options, kinds[name] as never);
};

const epsilon = 1e-7;

/** w as the constraint wants it. */
export function constrained(constraint: Constraint, w: Tensor): Tensor {
  const config = configOf<Options>('constraint', constraint, kinds);
  if (config.name === 'nonNeg') return select(greaterEqual(w, 0), w, 0);
  const norm = sqrt(sum(square(w), { axes: config.axis ?? 0, keepDims: true }));
  switch (config.name) {
    case 'maxNorm':
      return mul(w, div(minimum(norm, config.maxValue ?? 2), add(norm, epsilon)));
    case 'unitNorm':
      return div(w, add(norm, epsilon));
    case 'minMaxNorm': {
      const { minValue = 0, maxValue = 1, rate = 1 } = config;
      const wanted = add(mul(minimum(maximum(norm, minValue), maxValue), rate), mul(norm, 1 - rate));
      return mul(w, div(wanted, add(norm, epsilon)));
    }
  }
}
