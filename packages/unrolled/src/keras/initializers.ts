import { number, oneOf, requireOptions } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { initialise } from '../nn/initialisers.ts';
import type { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import { configOf, type Named } from './named.ts';

const modes = ['fanIn', 'fanOut', 'fanAvg'] as const;
const distributions = ['truncatedNormal', 'untruncatedNormal', 'uniform'] as const;

interface Options {
  readonly zeros: object;
  readonly ones: object;
  readonly constant: { readonly value?: number };
  readonly randomNormal: { readonly mean?: number; readonly stddev?: number };
  readonly randomUniform: { readonly minval?: number; readonly maxval?: number };
  readonly truncatedNormal: { readonly mean?: number; readonly stddev?: number };
  readonly varianceScaling: {
    readonly scale?: number;
    readonly mode?: (typeof modes)[number];
    readonly distribution?: (typeof distributions)[number];
  };
  readonly glorotUniform: object;
  readonly glorotNormal: object;
  readonly heUniform: object;
  readonly heNormal: object;
  readonly lecunUniform: object;
  readonly lecunNormal: object;
  readonly orthogonal: { readonly gain?: number };
  readonly identity: { readonly gain?: number };
}

/**
 * Initial values of a weight: a name, or a name with options, `{ name: 'randomNormal', stddev: 0.01 }`. Fans are of Keras'
 * layouts: `[…, in, out]`, times the size of a convolution's window.
 */
export type Initializer = Named<Options>;

const kinds = {
  zeros: {},
  ones: {},
  constant: { value: number() },
  randomNormal: { mean: number(), stddev: number({ from: 0 }) },
  randomUniform: { minval: number(), maxval: number() },
  truncatedNormal: { mean: number(), stddev: number({ from: 0 }) },
  varianceScaling: { scale: number({ above: 0 }), mode: oneOf(modes), distribution: oneOf(distributions) },
  glorotUniform: {},
  glorotNormal: {},
  heUniform: {},
  heNormal: {},
  lecunUniform: {},
  lecunNormal: {},
  orthogonal: { gain: number() },
  identity: { gain: number() },
};

/** @throws ConfigError on an unknown name or option */
export const requireInitializer = (place: string, given: Initializer): void => {
  const { name, ...options } = configOf(place, given, kinds);
  requireOptions(`${place} '${name}'`, options, kinds[name] as never);
};

/** Fans of a shape in Keras' layout. */
export function fansOf(shape: Shape): readonly [fanIn: number, fanOut: number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const window = sizeOf(shape.slice(0, -2));
  return [shape.at(-2)! * window, shape.at(-1)! * window];
}

function scaled(
  values: Float64Array,
  shape: Shape,
  random: Random,
  { scale = 1, mode = 'fanIn', distribution = 'truncatedNormal' }: Options['varianceScaling'],
): Float64Array {
  const [fanIn, fanOut] = fansOf(shape);
  const fan = mode === 'fanIn' ? fanIn : mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2;
  const variance = scale / Math.max(1, fan);
  if (distribution === 'uniform') {
    const limit = Math.sqrt(3 * variance);
    return values.map(() => (2 * random.uniform() - 1) * limit);
  }
  if (distribution === 'untruncatedNormal') return values.map(() => random.normal() * Math.sqrt(variance));
  // The deviation of a standard normal cut at ±2 is 0.8796.
  return truncated(values, random, 0, Math.sqrt(variance) / 0.87962566103423978);
}

/** Normal numbers, drawn again where they are more than two deviations from the mean. */
function truncated(values: Float64Array, random: Random, mean: number, deviation: number): Float64Array {
  return values.map(() => {
    for (;;) {
      const x = random.normal();
      if (Math.abs(x) <= 2) return mean + x * deviation;
    }
  });
}

/** Values for a weight of `shape`, row-major. @throws ConfigError if the shape does not fit */
export function initialValues(initializer: Initializer, shape: Shape, random: Random): Float64Array {
  const config = configOf<Options>('initializer', initializer, kinds);
  const values = new Float64Array(sizeOf(shape));
  const glorot = { scale: 1, mode: 'fanAvg' } as const;
  switch (config.name) {
    case 'zeros':
      return values;
    case 'ones':
      return values.fill(1);
    case 'constant':
      return values.fill(config.value ?? 0);
    case 'randomNormal': {
      const { mean = 0, stddev = 0.05 } = config;
      return values.map(() => mean + stddev * random.normal());
    }
    case 'randomUniform': {
      const { minval = -0.05, maxval = 0.05 } = config;
      return values.map(() => minval + (maxval - minval) * random.uniform());
    }
    case 'truncatedNormal':
      return truncated(values, random, config.mean ?? 0, config.stddev ?? 0.05);
    case 'varianceScaling':
      return scaled(values, shape, random, config);
    case 'glorotUniform':
      return scaled(values, shape, random, { ...glorot, distribution: 'uniform' });
    case 'glorotNormal':
      return scaled(values, shape, random, glorot);
    case 'heUniform':
      return scaled(values, shape, random, { scale: 2, distribution: 'uniform' });
    case 'heNormal':
      return scaled(values, shape, random, { scale: 2 });
    case 'lecunUniform':
      return scaled(values, shape, random, { distribution: 'uniform' });
    case 'lecunNormal':
      return scaled(values, shape, random, {});
    case 'orthogonal':
      return orthogonal(shape, random, config.gain ?? 1);
    case 'identity':
      requireMatrix('identity', shape, 2);
      for (let i = 0; i < Math.min(...shape); i++) values[i * shape[1] + i] = config.gain ?? 1;
      return values;
  }
}

/** Orthonormal rows or columns, whichever there are fewer of, of the matrix whose columns are the last axis. */
function orthogonal(shape: Shape, random: Random, gain: number): Float64Array {
  requireMatrix('orthogonal', shape, 2);
  const columns = shape.at(-1)!;
  const rows = sizeOf(shape.slice(0, -1));
  const few = [Math.min(rows, columns), Math.max(rows, columns)];
  const values = initialise({ kind: 'orthogonal', gain }, few, random);
  if (rows <= columns) return values;
  return values.map((_, i) => values[(i % columns) * rows + Math.floor(i / columns)]);
}

function requireMatrix(name: string, shape: Shape, least: number): void {
  if (shape.length >= least) return;
  throw new ConfigError(`initializer: '${name}' needs at least ${least} axes, received [${shape}]`, { shape });
}
