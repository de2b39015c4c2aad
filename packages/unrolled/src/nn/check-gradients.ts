import { count, number, requireOptions } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Parameters } from './parameters.ts';

export interface CheckGradientsOptions {
  /** Step of the differences, relative to max(1, |w|). Default 1e-5 on float64 devices, 1e-2 on others. */
  readonly h?: number | undefined;
  /** Elements to check in each parameter, evenly spaced. Default: all. */
  readonly most?: number | undefined;
}

/** How well the gradients of a model's parameters agree with central differences. */
export interface GradientCheck {
  /** The largest error of all; 0 is perfect. */
  readonly error: number;
  /** The parameter with the largest error. */
  readonly parameter: string;
  /** The largest error of each parameter by name, relative to its largest gradient (or 1). */
  readonly errors: Readonly<Record<string, number>>;
}

/**
 * Checks the gradients of a layer or model: compares `parameters.backward` of a loss with central differences
 * (L(w + h) − L(w − h)) / 2h in every parameter. A correct gradient gives an error of at most 1e-6 on a float64 device
 * (`openDevice('reference')`). The parameters' values are restored afterwards.
 *
 * @param loss  computes one number with the model, the same function at every call: no dropout, unless it is
 *   seeded anew at every call
 * @throws ConfigError if the loss depends on no parameter
 *
 * @example
 * const device = await openDevice('reference');
 * const layer = new Recurrent({ cell: myCell, hidden: 3 });
 * const parameters = initialiseParameters(layer, [-1, -1, 2], device, 1);
 * const xs = device.tensor([0.1, -0.4, 0.3, 0.2, 0.5, -0.1], [3, 1, 2]);
 * const { error } = await checkGradients(parameters, () => layer.run(xs).outputs.square().sum());   // below 1e-6
 */
export async function checkGradients(
  parameters: Parameters,
  loss: () => Tensor,
  options: CheckGradientsOptions = {},
): Promise<GradientCheck> {
  requireOptions('checkGradients', options, { h: number({ above: 0 }), most: count });
  const { device } = parameters;
  const { h = device.float === 'float64' ? 1e-5 : 1e-2, most = Number.POSITIVE_INFINITY } = options;
  device.scope(() => parameters.backward(loss()));
  const errors: Record<string, number> = {};
  for (const { name, value, frozen } of parameters) {
    if (frozen || value.size === 0) continue;
    const [exact, values] = await Promise.all([parameters.gradient(name).read(), value.read()]);
    const largest = Array.from(exact, Math.abs).reduce((greatest, one) => Math.max(greatest, one), 1);
    const moved = (position: number, to: number): Promise<ArrayLike<number>> => {
      const changed = values.slice();
      changed[position] = to;
      device.backend.write(value, changed);
      return device.read(() => device.withoutGradients(loss));
    };
    let worst = 0;
    try {
      const stride = Math.max(1, Math.floor(values.length / most));
      for (let position = 0; position < values.length; position += stride) {
        const step = h * Math.max(1, Math.abs(values[position]));
        const ends = [values[position] + step, values[position] - step].map((to) => moved(position, to));
        const [above, below] = await Promise.all(ends);
        const error = Math.abs((above[0] - below[0]) / (2 * step) - exact[position]) / largest;
        // A NaN is a disagreement, not a pass.
        if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
      }
    } finally {
      device.backend.write(value, values);
    }
    errors[name] = worst;
  }
  const [first, ...others] = Object.entries(errors);
  if (first === undefined) throw new ConfigError('checkGradients: the model has no parameters to check');
  const [parameter, error] = others.reduce((worst, one) => (one[1] > worst[1] ? one : worst), first);
  return { error, parameter, errors };
}
