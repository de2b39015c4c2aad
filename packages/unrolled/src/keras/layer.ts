import { flag, type Kind, requireOptions, text } from '../checks.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import type { Context } from '../nn/layer.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type ArrayData, columnOf, isShaped, NumberArray } from './arrays.ts';
import type { Mask } from './mask.ts';
import { type DataType, type Node, SymbolicTensor, symbolsIn } from './symbolic.ts';
import { Weight, type WeightOptions } from './weight.ts';

/** Options that every layer has. */
export interface CommonOptions {
  /** Default: its kind, with a number where a model has several. */
  readonly name?: string | undefined;
  /** Whether its weights are trained; see `KerasLayer.trainable`. Default true. */
  readonly trainable?: boolean | undefined;
}

/** The configuration of a layer: its kind and options, plain data. */
export interface KerasLayerConfig extends CommonOptions {
  readonly layer: string;
}

/** What a call depends on besides its inputs. */
export type CallContext = Context & {
  /** The masks of the inputs. */
  readonly masks: readonly (Mask | null)[];
  /** Adds to the loss, such as a penalty on an output. */
  addLoss(loss: Tensor): void;
  /** Says, once, what the user should know. */
  warn(message: string): void;
};

/**
 * What a layer does with the mask of its input: 'pass' gives it to its output too, 'consume' uses it and has an output without
 * steps, 'drop' cannot use it, and says so.
 */
export type MaskUse = 'pass' | 'consume' | 'drop';

/** A state that a layer carries from batch to batch. */
export interface CarriedState {
  /** Null before the first batch. */
  readonly tensors: readonly Tensor[] | null;
  set(tensors: readonly Tensor[]): void;
}

/** A weight of a layer, where it is and whether it is trained there. */
export interface PlacedWeight {
  readonly weight: Weight;
  readonly trainable: boolean;
  /** Such as `encoder/lstm/kernel`. */
  readonly path: string;
}

/**
 * The base of layers. A layer of your own has a configuration, `build` for its weights and `call`; `outputShape` where the
 * output's shape is not the input's.
 *
 * @example
 * class Scale extends KerasLayer {
 *   readonly config = { layer: 'scale' };
 *   factor!: Weight;
 *   override build([shape]: readonly Shape[]): void {
 *     this.factor = this.addWeight('factor', [shape.at(-1)!], { initializer: 'ones' });
 *   }
 *   call([x]: readonly Tensor[]): Tensor {
 *     return x.mul(this.factor.value);
 *   }
 * }
 * const model = sequential([dense({ units: 8 }), new Scale()]);
 */
export abstract class KerasLayer<Out = SymbolicTensor> {
  abstract readonly config: KerasLayerConfig;
  /** What it does with a mask. Default 'drop'. */
  readonly maskUse: MaskUse = 'drop';
  /** Whether its input is ids, int32. */
  get takesIds(): boolean {
    return false;
  }
  takesIdsAt(_input: number): boolean {
    return this.takesIds;
  }

  /** Layers inside it, by the name under which their weights stand. */
  protected readonly inner: Record<string, KerasLayer<unknown>> = {};
  readonly #weights: Weight[] = [];
  #trainable: boolean | null = null;
  #name: string | null = null;
  #builtFor: readonly Shape[] | null = null;

  /** Its name; that of its kind before a model gives it one. */
  get name(): string {
    return this.config.name ?? this.#name ?? this.config.layer;
  }

  /** Called by a model that names its layers. */
  rename(name: string): void {
    this.#name = name;
  }

  /** Whether it has a name of its own: the user's, or one that a model gave. */
  get isNamed(): boolean {
    return (this.config.name ?? this.#name) !== null;
  }

  /** Whether its weights are trained, for models that are compiled from now on. */
  get trainable(): boolean {
    return this.#trainable ?? this.config.trainable ?? true;
  }

  set trainable(trainable: boolean) {
    this.#trainable = trainable;
    for (const [, layer] of this.innerLayers()) layer.trainable = trainable;
  }

  /** The layers inside it, with the names under which their weights stand. */
  innerLayers(): readonly (readonly [name: string, layer: KerasLayer<unknown>])[] {
    return Object.entries(this.inner);
  }

  get isBuilt(): boolean {
    return this.#builtFor !== null;
  }

  /** Makes the weights for inputs of these shapes, batch first. */
  build(_shapes: readonly Shape[]): void {}

  /** The shapes of its outputs. Default: that of the first input. */
  outputShapes(shapes: readonly Shape[]): readonly Shape[] {
    return [this.outputShape(shapes)];
  }

  outputShape(shapes: readonly Shape[]): Shape {
    return shapes[0];
  }

  /** Computes the output, or several. */
  abstract call(inputs: readonly Tensor[], context: CallContext): Tensor | readonly Tensor[];

  /** The masks of its outputs. */
  computeMask(
    masks: readonly (Mask | null)[],
    _inputs: readonly Tensor[],
    context: CallContext,
  ): readonly (Mask | null)[] {
    const mask = masks.find((one) => one !== null) ?? null;
    if (this.maskUse === 'pass') return [mask];
    if (mask && this.maskUse === 'drop') {
      context.warn(
        `${this.name}: it cannot use the mask of its input, so that padding counts as any other step from here on`,
      );
    }
    return [null];
  }

  /** Forgets what it carries from batch to batch. @param rows  of the batch. Default: all */
  resetStates(rows?: readonly number[]): void {
    for (const [, layer] of this.innerLayers()) layer.resetStates(rows);
  }

  /** The states that it carries from batch to batch, by path. */
  carried(path: string): Readonly<Record<string, CarriedState>> {
    return Object.assign({}, ...this.innerLayers().map(([name, layer]) => layer.carried(joined(path, name))));
  }

  /** Declares a weight, in `build`. */
  protected addWeight(name: string, shape: Shape, options: WeightOptions = {}): Weight {
    if (shape.some((extent) => !Number.isInteger(extent) || extent < 0)) {
      throw new ShapeError(
        `${this.name}: the weight '${name}' would be ${formatShape(shape)}; give the input a shape that is known there`,
        { layer: this.name, shape },
      );
    }
    const weight = Weight.declared(name, shape, options);
    this.#weights.push(weight);
    return weight;
  }

  /** Takes a weight that was declared elsewhere. */
  protected takeWeight(weight: Weight): Weight {
    this.#weights.push(weight);
    return weight;
  }

  /** Its weights and those of layers inside it, in Keras' order: what is trained, then what is not. */
  placedWeights(path = this.name, within = true): PlacedWeight[] {
    const trainable = within && this.trainable;
    const own = this.#weights.map((weight) => ({
      weight,
      trainable: trainable && weight.trainable,
      path: joined(path, weight.name),
    }));
    const all = [
      ...own,
      ...this.innerLayers().flatMap(([name, layer]) => layer.placedWeights(joined(path, name), trainable)),
    ];
    const isFree = ({ weight }: PlacedWeight): boolean => weight.trainable;
    return [...all.filter(isFree), ...all.filter((one) => !isFree(one))];
  }

  /** Copies of its weights, in Keras' order and layout. @throws ConfigError before a model has given them values */
  async getWeights(): Promise<readonly NumberArray[]> {
    const values = await Promise.all(this.weights.map(({ value }) => value.read()));
    return values.map((data, i) => new NumberArray(data, this.weights[i].shape));
  }

  /**
   * Sets its weights: arrays in Keras' order and layout, as `getWeights` gives them here and in Keras.
   * @throws ShapeError if there are too few or too many, or one has another shape
   */
  async setWeights(arrays: readonly ArrayData[]): Promise<void> {
    const { weights } = this;
    if (arrays.length !== weights.length) {
      const names = weights.map(({ name, shape }) => `${name} ${formatShape(shape)}`).join(', ');
      throw new ShapeError(
        `setWeights: ${this.name} has ${weights.length} weights (${names}), received ${arrays.length}`,
        {
          expected: weights.length,
          received: arrays.length,
        },
      );
    }
    const columns = await Promise.all(
      arrays.map((one, i) => columnOf(`setWeights: ${weights[i].name}`, withAxis(one))),
    );
    weights.forEach((weight, i) => {
      weight.set(columns[i].data, columns[i].shape);
    });
  }

  get weights(): readonly Weight[] {
    return this.placedWeights().map(({ weight }) => weight);
  }

  /** The number of values in its weights. @throws ConfigError before it is built */
  countParams(): number {
    return this.weights.reduce((total, { size }) => total + size, 0);
  }

  /** Builds it for these shapes, the first time. @throws ShapeError if it was built for others that it does not fit */
  ensureBuilt(shapes: readonly Shape[]): void {
    if (this.#builtFor === null) {
      this.build(shapes);
      this.#builtFor = shapes;
      return;
    }
    const before = this.#builtFor;
    if (this.#weights.length === 0) return;
    const fits = shapes.every(
      (shape, i) => !before[i] || shape.length !== before[i].length || shape.at(-1) === before[i].at(-1),
    );
    if (fits) return;
    throw new ShapeError(
      `${this.name}: it was built for ${before.map(formatShape).join(', ')} and does not take ${shapes.map(formatShape).join(', ')}`,
      { layer: this.name, built: before, shapes },
    );
  }

  /** Applies it to symbolic tensors: the output that a model can be made of. */
  apply(inputs: SymbolicTensor | readonly SymbolicTensor[]): Out {
    return this.applyTo(symbolsIn(this.name, inputs)) as Out;
  }

  protected applyTo(inputs: readonly SymbolicTensor[]): SymbolicTensor | SymbolicTensor[] {
    const outputs = this.record(inputs);
    return this.hasSeveralOutputs ? outputs : outputs[0];
  }

  /** Whether `apply` gives a list. */
  protected get hasSeveralOutputs(): boolean {
    return false;
  }

  private record(inputs: readonly SymbolicTensor[]): SymbolicTensor[] {
    const shapes = inputs.map(({ shape }) => shape);
    this.ensureBuilt(shapes);
    const outputs: SymbolicTensor[] = [];
    const node: Node = { layer: this, inputs, outputs };
    this.outputShapes(shapes).forEach((shape, i) => {
      outputs.push(new SymbolicTensor(shape, this.outputType(inputs), node, i));
    });
    return outputs;
  }

  protected outputType(_inputs: readonly SymbolicTensor[]): DataType {
    return 'float32';
  }
}

/** A weight without axes is one number. */
const withAxis = (given: ArrayData): ArrayData =>
  isShaped(given) && given.shape.length === 0 ? { data: given.data, shape: [1] } : given;

export const joined = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

const commonKinds: Readonly<Record<string, Kind>> = { layer: text, name: text, trainable: flag };

/**
 * The configuration of a layer from its options.
 * @param kinds  of its own options
 * @throws ConfigError on an unknown option, or a value that cannot work
 */
export function layerConfig<Name extends string, Options extends CommonOptions>(
  layer: Name,
  options: Options,
  kinds: Readonly<Record<keyof Omit<Options, keyof CommonOptions>, Kind>>,
): { readonly layer: Name } & Options {
  requireOptions<object>(layer, options ?? {}, { ...commonKinds, ...kinds } as never);
  const name = options?.name;
  if (name?.includes('/')) {
    throw new ConfigError(
      `${layer}: the name '${name}' has a slash, which separates the names of layers inside each other`,
      {
        name,
      },
    );
  }
  return { ...options, layer };
}

/** The last extent of a shape. @throws ShapeError if it is open */
export function lastExtent(layer: string, shape: Shape): number {
  const extent = shape.at(-1);
  if (extent !== undefined && extent > 0) return extent;
  throw new ShapeError(`${layer}: the last axis of its input must be known, received ${formatShape(shape)}`, { shape });
}

/** @throws ShapeError unless a shape has so many axes, the batch included */
export function requireRank(layer: string, shape: Shape, rank: number, axes: string): void {
  if (shape.length === rank) return;
  throw new ShapeError(`${layer}: needs ${axes}, received ${formatShape(shape)}`, { layer, shape });
}
