import { requireOptions } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { modelKinds } from './functional.ts';
import { Graph } from './graph.ts';
import { KerasLayer, type KerasLayerConfig } from './layer.ts';
import { type Form, Model, type ModelOptions } from './model.ts';
import { type DataType, newInput, SymbolicTensor } from './symbolic.ts';

export interface SequentialConfig extends KerasLayerConfig {
  readonly layer: 'sequential';
  readonly seed: number;
  readonly layers: readonly KerasLayerConfig[];
  /** Null before it is known. */
  readonly input: { readonly shape: Shape; readonly dtype: DataType; readonly isOpen: boolean } | null;
}

export class Sequential extends Model<SymbolicTensor> {
  readonly inputForm: Form = 'one';
  readonly outputForm: Form = 'one';
  readonly #layers: KerasLayer[] = [];
  readonly #options: { readonly name?: string | undefined; readonly trainable?: boolean | undefined };
  #input: SymbolicTensor | null = null;
  #isOpen = false;
  #graph: Graph | null = null;

  constructor(layers: readonly (KerasLayer | SymbolicTensor)[], options: ModelOptions = {}) {
    super(options);
    requireOptions<object>('sequential', options, modelKinds as never);
    this.#options = { name: options.name, trainable: options.trainable };
    for (const layer of layers) this.add(layer);
    if (this.#input) this.#build(this.#input, false);
  }

  /** Adds a layer at the end. @throws ConfigError if it is built for data already, or an input is not the first */
  add(layer: KerasLayer | SymbolicTensor): void {
    if (layer instanceof SymbolicTensor) {
      if (this.#layers.length > 0 || this.#input || layer.node.layer) {
        throw new ConfigError('sequential: input(…) can only be the first of its layers');
      }
      this.#input = layer;
      return;
    }
    if (!(layer instanceof KerasLayer)) {
      throw new ConfigError('sequential: takes layers, such as dense({ units: 8 }), and perhaps input(…) as the first');
    }
    if (this.#layers.includes(layer))
      throw new ConfigError(`sequential: the layer '${layer.name}' is there twice; use model(…)`);
    this.#layers.push(layer);
    if (this.#graph && this.#input) this.#build(this.#input, this.#isOpen);
  }

  override get layers(): readonly KerasLayer[] {
    return this.#layers;
  }

  get graph(): Graph {
    if (this.#graph) return this.#graph;
    throw new ConfigError(
      `${this.name}: the shape of its input is not known yet; begin with input({ shape }), or call fit or predict first`,
    );
  }

  get inputNames(): readonly string[] {
    return [this.#input?.node.name ?? 'input'];
  }

  get outputNames(): readonly string[] {
    const last = this.#layers.at(-1);
    return [last ? this.nameOf(last) : 'output'];
  }

  /** Builds it for samples of this shape: `[null, 8]` for sequences of any length, 8 numbers a step. */
  buildShape(shape: readonly (number | null)[]): void {
    this.#build(newInput([-1, ...shape.map((n) => n ?? -1)], this.#layers[0]?.takesIds ? 'int32' : 'float32'), false);
  }

  override buildFor([shape]: readonly Shape[]): void {
    if (this.#graph) return;
    const extents = shape.length === 1 && !this.#layers[0]?.takesIds ? [1] : shape.slice(1);
    this.#build(newInput([-1, ...extents], this.#layers[0]?.takesIds ? 'int32' : 'float32'), true);
  }

  /** @param isOpen  whether other lengths may come than in this shape, which is that of some data */
  #build(input: SymbolicTensor, isOpen: boolean): void {
    if (this.#layers.length === 0) throw new ConfigError('sequential: it has no layers');
    this.nameLayers();
    const output = this.#layers.reduce((symbol, layer) => {
      const next = layer.apply(symbol);
      if (next instanceof SymbolicTensor) return next;
      throw new ConfigError(`sequential: the layer '${layer.name}' has several outputs; use model(…)`);
    }, input);
    this.#input = input;
    this.#isOpen = isOpen;
    this.#graph = new Graph([input], [output], isOpen);
    this.ensureBuilt([input.shape]);
  }

  /** In another model: built by the shape that it is applied to. */
  override build([shape]: readonly Shape[]): void {
    if (!this.#graph) this.#build(newInput(shape, this.#layers[0]?.takesIds ? 'int32' : 'float32'), false);
  }

  override takesIdsAt(input: number): boolean {
    return this.#graph ? super.takesIdsAt(input) : (this.#layers[0]?.takesIds ?? false);
  }

  get config(): SequentialConfig {
    const { name, trainable } = this.#options;
    const input = this.#input && { shape: this.#input.shape, dtype: this.#input.dtype, isOpen: this.#isOpen };
    return {
      layer: 'sequential',
      ...(name !== undefined && { name }),
      ...(trainable !== undefined && { trainable }),
      seed: this.seed,
      layers: this.#layers.map((layer) => ({
        ...layer.config,
        name: this.nameOf(layer),
        ...(layer.trainable ? {} : { trainable: false }),
      })),
      input,
    };
  }

  /** Builds it as a configuration says. */
  restoreInput(input: SequentialConfig['input']): void {
    if (input) this.#build(newInput(input.shape, input.dtype), input.isOpen);
  }
}

/**
 * Layers one after the other. The shape of the input is that of the first data, or of `input({ shape })` before the layers.
 * @throws ConfigError if there is something else than layers, or two have one name
 *
 * @example
 * const model = sequential([
 *   embedding({ inputDim: 5000, outputDim: 64, maskZero: true }),
 *   bidirectional(lstm({ units: 64 })),
 *   dense({ units: 3, activation: 'softmax' }),
 * ]);
 */
export const sequential = (layers: readonly (KerasLayer | SymbolicTensor)[], options: ModelOptions = {}): Sequential =>
  new Sequential(layers, options);
