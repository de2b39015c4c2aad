import type { TypedArray } from '../../backend/backend.ts';
import { ConfigError } from '../../errors.ts';
import { zeros } from '../../nn/initialisers.ts';
import { Parameter, Parameters } from '../../nn/parameters.ts';
import { add, concat, conv2d, div, maximum, minimum, mul, slice, square, sub, sum } from '../../ops/index.ts';
import { Optimizer } from '../../optim/optimizer.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ChannelMap } from './network.ts';

/** The least and greatest value of an image's numbers; one number, or one for each channel. */
export interface ValueRange {
  readonly low?: number | readonly number[] | undefined;
  readonly high?: number | readonly number[] | undefined;
}

/** high − low, the mean over the channels; 1 where one is not given: what networks call 1 differs a hundredfold. */
export function unitOfRange({ low, high }: ValueRange): number {
  if (low === undefined || high === undefined) return 1;
  const mean = (bound: number | readonly number[]): number =>
    typeof bound === 'number' ? bound : bound.reduce((sum, one) => sum + one, 0) / bound.length;
  return mean(high) - mean(low);
}

/** An image `[1, H, W, C]` that is optimised by Adam and stays within its range. */
export class Picture {
  readonly device: Device;
  readonly shape: Shape;
  readonly #parameters: Parameters;
  readonly #optimizer: Optimizer;
  readonly #low: Tensor | null;
  readonly #high: Tensor | null;

  constructor(device: Device, shape: Shape, start: ArrayLike<number>, { low, high }: ValueRange) {
    this.device = device;
    this.shape = shape;
    const declared = new Parameter('image', shape, zeros);
    this.#parameters = new Parameters(device, [declared], { image: { shape, data: start } });
    this.#optimizer = new Optimizer(this.#parameters, { method: 'adam' });
    this.#low = this.#bound('low', low);
    this.#high = this.#bound('high', high);
    this.#clamp();
  }

  #bound(name: string, bound: number | readonly number[] | undefined): Tensor | null {
    if (bound === undefined) return null;
    const values = typeof bound === 'number' ? [bound] : bound;
    const channels = this.shape[3];
    if (values.length !== 1 && values.length !== channels) {
      throw new ConfigError(`${name}: received ${values.length} numbers for ${channels} channels; give one for each`, {
        [name]: values,
        channels,
      });
    }
    return this.device.keep(this.device.tensor(values));
  }

  get value(): Tensor {
    return this.#parameters.get('image');
  }

  /**
   * One step down a loss.
   * @param condition  changes the gradient before the step
   * @returns the loss before it, and whatever else `make` gives
   */
  async descend<Also extends Record<string, Tensor>>(
    make: (image: Tensor) => { readonly loss: Tensor } & Also,
    learningRate: number,
    condition?: (gradient: Tensor) => Tensor,
  ): Promise<Record<keyof Also | 'loss', number>> {
    const numbers = await this.device.read(() => {
      const made = this.device.withGradients(() => make(this.value));
      this.#parameters.backward(made.loss);
      const gradient = this.#parameters.gradients.view(this.shape);
      if (condition) this.#overwrite(this.#parameters.gradients, () => condition(gradient));
      this.#optimizer.update({ learningRate, loss: made.loss });
      return made as Record<string, Tensor>;
    });
    this.#clamp();
    return Object.fromEntries(Object.entries(numbers).map(([name, data]) => [name, (data as TypedArray)[0]])) as Record<
      keyof Also | 'loss',
      number
    >;
  }

  /** Puts another image in its place. */
  replace(make: (image: Tensor) => Tensor): void {
    this.#overwrite(this.value, make);
    this.#clamp();
  }

  #clamp(): void {
    if (this.#low) this.#overwrite(this.value, (image) => maximum(image, this.#low!));
    if (this.#high) this.#overwrite(this.value, (image) => minimum(image, this.#high!));
  }

  #overwrite(target: Tensor, make: (before: Tensor) => Tensor): void {
    const { device } = this;
    device.withoutGradients(() =>
      device.scope(() => {
        const made = make(target.detach());
        device.backend.copy(made.view(target.shape), target);
      }),
    );
  }

  async read(): Promise<ChannelMap> {
    const [, height, width, channels] = this.shape;
    return { height, width, channels, values: await this.value.read() };
  }

  close(): void {
    const { values, gradients } = this.#parameters;
    this.device.release([values, gradients, this.#optimizer.memory, this.#optimizer.steps, this.#low, this.#high]);
  }
}

/** Total variation, Σ (I_{y+1,x} − I_{y,x})² + (I_{y,x+1} − I_{y,x})²: how much neighbouring pixels differ. */
export function totalVariation(image: Tensor): Tensor {
  const [, H, W] = image.shape;
  const along = (axis: number, extent: number): Tensor =>
    sum(square(sub(slice(image, axis, 1, extent), slice(image, axis, 0, extent - 1))));
  return add(along(1, H), along(2, W));
}

/** Shifts an image by so many pixels; what leaves on one side comes back on the other. */
export function roll(image: Tensor, down: number, right: number): Tensor {
  const along = (x: Tensor, axis: number, by: number): Tensor => {
    const extent = x.shape[axis];
    const cut = (((extent - by) % extent) + extent) % extent;
    return cut === 0 ? x : concat([slice(x, axis, cut, extent), slice(x, axis, 0, cut)], axis);
  };
  return along(along(image, 1, down), 2, right);
}

/** Gaussian blur of deviation σ pixels; weights beyond the border are left out, so that a constant image stays as it is. */
export function blur(image: Tensor, sigma: number): Tensor {
  const { device } = image;
  const [, H, W, C] = image.shape;
  const radius = Math.ceil(3 * sigma);
  const bell = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)));
  const spread = (x: Tensor, channels: number): Tensor => {
    const weights = new Array<readonly number[]>(channels).fill(bell).flat();
    const options = { groups: channels, padding: 'same' } as const;
    const down = conv2d(x, device.tensor(weights, [channels, 1, bell.length, 1]), null, options);
    return conv2d(down, device.tensor(weights, [channels, 1, 1, bell.length]), null, options);
  };
  return div(spread(image, C), spread(device.ones([1, H, W, 1]), 1));
}

/** ‖I‖² */
export const squaredNorm = (image: Tensor): Tensor => sum(square(image));

/**
 * How far red, green and blue go together: about the correlations in photographs (0.91 of neighbours, 0.8 of red and blue), a
 * tenth less, so that colours still grow; alike for red and blue, whatever their order.
 */
const colourCorrelation = [
  [1, 0.81, 0.72],
  [0.81, 1, 0.81],
  [0.72, 0.81, 1],
];

/**
 * Multiplies the part of a gradient at each spatial frequency by 1/f², in the cosine basis, so that large forms grow before
 * fine grain; of three channels, also by the correlation of colours in photographs, so that light and dark grow before colours
 * (as in the decorrelated Fourier parameterisation of Olah et al. 2017).
 */
export function coarsen(device: Device, [, H, W, C]: Shape): { of(gradient: Tensor): Tensor; close(): void } {
  const least = 1 / Math.max(H, W);
  const weights = Float64Array.from({ length: H * W }, (_, i) => {
    const [fy, fx] = [Math.floor(i / W) / (2 * H), (i % W) / (2 * W)];
    return (least / Math.max(least, Math.hypot(fy, fx))) ** 2;
  });
  const kept = device.keep({
    rows: device.tensor(cosines(H), [H, H]),
    columns: device.tensor(cosines(W), [W, W]),
    weights: device.tensor(weights, [H, W]),
    ...(C === 3 && { colours: device.tensor(colourCorrelation.flat(), [3, 3]) }),
  });
  return {
    of(gradient) {
      const maps = gradient.reshape([H, W, C]).transpose([2, 0, 1]);
      const found = kept.rows.matmul(maps).matmul(kept.columns, { transposeB: true });
      const back = kept.rows.matmul(mul(found, kept.weights), { transposeA: true }).matmul(kept.columns);
      const pixels = back.transpose([1, 2, 0]);
      return (kept.colours ? pixels.matmul(kept.colours) : pixels).reshape(gradient.shape);
    },
    close: () => device.release(kept),
  };
}

/** The orthonormal cosine basis (DCT-II), one function a row. */
function cosines(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => {
    const [k, x] = [Math.floor(i / n), i % n];
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (2 * x + 1) * k) / (2 * n));
  });
}
