import { ConfigError, ShapeError } from '../../errors.ts';
import { reshape } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type CallContext, type CommonOptions, KerasLayer, type KerasLayerConfig, layerConfig } from '../layer.ts';
import { reshapedNumbers } from '../numbers.ts';

export class TimeDistributed extends KerasLayer {
  readonly config: { readonly layer: 'timeDistributed' } & CommonOptions & { readonly of: KerasLayerConfig };
  override readonly maskUse = 'pass';
  readonly #layer: KerasLayer;

  constructor(layer: KerasLayer, options: CommonOptions = {}) {
    super();
    if (!(layer instanceof KerasLayer))
      throw new ConfigError('timeDistributed: takes a layer, such as dense({ units: 8 })');
    this.config = { ...layerConfig('timeDistributed', options, {}), of: layer.config };
    this.#layer = layer;
    Object.assign(this.inner, { layer });
  }

  override get takesIds(): boolean {
    return this.#layer.takesIds;
  }

  #steps([B, , ...rest]: Shape): Shape {
    return [B < 0 ? -1 : B, ...rest];
  }

  override build([shape]: readonly Shape[]): void {
    if (shape.length < 2) {
      throw new ShapeError(`timeDistributed: needs [B, T, …], received ${formatShape(shape)}`, { shape });
    }
    this.#layer.ensureBuilt([this.#steps(shape)]);
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const [output] = this.#layer.outputShapes([this.#steps(shape)]);
    return [shape[0], shape[1], ...output.slice(1)];
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const [B, T, ...rest] = x.shape;
    const steps = reshapedNumbers(x, reshape(x, [B * T, ...rest]));
    const result = this.#layer.call([steps], { ...context, masks: [null] });
    const [y] = Array.isArray(result) ? result : [result];
    return reshape(y, [B, T, ...y.shape.slice(1)]);
  }
}

/** A layer at each step of `[B, T, …]`. Passes a mask on. */
export const timeDistributed = (layer: KerasLayer, options: CommonOptions = {}): TimeDistributed =>
  new TimeDistributed(layer, options);
