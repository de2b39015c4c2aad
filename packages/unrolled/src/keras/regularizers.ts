import { number, oneOf, requireOptions } from '../checks.ts';
import { abs, add, div, matmul, mul, scale, sqrt, square, sum } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { configOf, type Named } from './named.ts';

interface Options {
  /** λ Σ|w|. λ is `l1`, default 0.01. */
  readonly l1: { readonly l1?: number };
  /** λ Σw². λ is `l2`, default 0.01. */
  readonly l2: { readonly l2?: number };
  /** Both. Defaults 0. */
  readonly l1l2: { readonly l1?: number; readonly l2?: number };
  /** Draws the rows (or columns) of a matrix apart: factor · mean of |cosines| of different ones. Default 0.01. */
  readonly orthogonal: { readonly factor?: number; readonly mode?: 'rows' | 'columns' };
}

/** A penalty on a weight, or on the output of a layer, that is added to the loss. */
export type Regularizer = Named<Options>;

const positive = number({ from: 0 });
const kinds = {
  l1: { l1: positive },
  l2: { l2: positive },
  l1l2: { l1: positive, l2: positive },
  orthogonal: { factor: positive, mode: oneOf(['rows', 'columns']) },
};

/** @throws ConfigError on an unknown name or option */
export const requireRegularizer = (place: string, given: Regularizer): void => {
  const { name, ...options } = configOf(place, given, kinds);
  requireOptions(`${place} '${name}'`, options, kinds[name] as never);
};

/** The penalty, a scalar. */
export function penalty(regularizer: Regularizer, w: Tensor): Tensor {
  const config = configOf<Options>('regularizer', regularizer, kinds);
  switch (config.name) {
    case 'l1':
      return scale(sum(abs(w)), config.l1 ?? 0.01);
    case 'l2':
      return scale(sum(square(w)), config.l2 ?? 0.01);
    case 'l1l2': {
      const { l1 = 0, l2 = 0 } = config;
      return add(scale(sum(abs(w)), l1), scale(sum(square(w)), l2));
    }
    case 'orthogonal': {
      const { factor = 0.01, mode = 'rows' } = config;
      const axis = mode === 'rows' ? 1 : 0;
      const unit = div(w, sqrt(add(sum(square(w), { axes: axis, keepDims: true }), 1e-12)));
      const n = w.shape[1 - axis];
      const cosines =
        mode === 'rows' ? matmul(unit, unit, { transposeB: true }) : matmul(unit, unit, { transposeA: true });
      const eye = w.device.tensor(
        Float64Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) !== 0)),
        [n, n],
      );
      return scale(sum(mul(abs(cosines), eye)), (0.5 * factor) / Math.max(1, (n * (n - 1)) / 2));
    }
  }
}
