import { ConfigError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { SavedParameters } from '../nn/parameters.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { NumberArray } from './arrays.ts';
import type { Logs } from './callbacks/callback.ts';
import type { History } from './callbacks/recording.ts';
import type { Graph } from './graph.ts';
import {
  type CallContext,
  type CommonOptions,
  joined,
  KerasLayer,
  type KerasLayerConfig,
  type PlacedWeight,
} from './layer.ts';
import type { Mask } from './mask.ts';
import { type SaveOptions, saveModel } from './saving.ts';
import { ModelStore } from './store.ts';
import { type SummaryOptions, summaryOf } from './summary.ts';
import { type SymbolicTensor, type Symbols, symbolsIn } from './symbolic.ts';
import { Compiled, type CompileOptions } from './training/compile.ts';
import type { ModelData } from './training/data.ts';
import { evaluateModel, predictModel, testBatch } from './training/evaluate.ts';
import { fitModel } from './training/fit.ts';
import type { Optimizer } from './training/optimizer.ts';
import type { EvaluateOptions, FitData, FitOptions, Predicted, PredictOptions } from './training/options.ts';
import { Progress } from './training/progress.ts';
import { trainBatch } from './training/trainer.ts';

/** How inputs or outputs are given: one, a list, or by these names. */
export type Form = 'one' | 'list' | 'record';

export interface ModelOptions extends CommonOptions {
  /** Of initial weights, the order of samples and dropout. Default 0. */
  readonly seed?: number | undefined;
  /** Default: the one of `useDevice`, or WebAssembly. */
  readonly device?: Device | undefined;
}

/** The shape of what a model gives for its outputs. */
export type OutputForm = SymbolicTensor | readonly SymbolicTensor[] | Readonly<Record<string, SymbolicTensor>>;

/**
 * A model: layers between inputs and outputs, with everything to train it and use it. Models are layers too, so that one may
 * stand in another. Made by `model` and `sequential`.
 */
export abstract class Model<Out = SymbolicTensor> extends KerasLayer<Out> {
  abstract override readonly config: KerasLayerConfig;
  /** Its weights on a device. */
  readonly store: ModelStore;
  readonly seed: number;
  /** How far its training is. */
  readonly progress: Progress;
  #compiled: Compiled | null = null;
  #masks: readonly (Mask | null)[] = [];
  readonly #names = new Map<KerasLayer<unknown>, string>();
  readonly #said = new Set<string>();

  constructor({ seed = 0, device }: ModelOptions) {
    super();
    this.seed = seed;
    this.store = new ModelStore(this, seed, device ?? null);
    this.progress = new Progress(seed);
  }

  /** @throws ConfigError before the shapes of the inputs are known */
  abstract get graph(): Graph;
  abstract readonly inputForm: Form;
  abstract readonly outputForm: Form;
  abstract get inputNames(): readonly string[];
  abstract get outputNames(): readonly string[];

  /** The layers, in the order in which they run. */
  get layers(): readonly KerasLayer<unknown>[] {
    return this.graph.layers;
  }

  /** The name of one of its layers in this model. */
  nameOf(layer: KerasLayer<unknown>): string {
    this.nameLayers();
    return this.#names.get(layer) ?? layer.name;
  }

  /** @throws ConfigError if two layers were given one name */
  protected nameLayers(): void {
    const taken = new Set(this.#names.values());
    const layers = this.layers.filter((layer) => !this.#names.has(layer));
    const named = layers.filter(({ config }) => config.name !== undefined);
    for (const layer of [...named, ...layers.filter((one) => !named.includes(one))]) {
      let { name } = layer;
      if (taken.has(name)) {
        if (layer.config.name !== undefined) {
          throw new ConfigError(`model: two layers have the name '${name}'; give them names of their own`, { name });
        }
        const kind = layer.config.layer;
        for (let n = 1; taken.has(name); n++) name = `${kind}_${n}`;
      }
      taken.add(name);
      this.#names.set(layer, name);
      if (!layer.isNamed) layer.rename(name);
    }
  }

  /** The layer of a name, or by its place. @throws ConfigError if there is none */
  getLayer(which: string | number): KerasLayer<unknown> {
    const { layers } = this;
    const found = typeof which === 'number' ? layers.at(which) : layers.find((layer) => this.nameOf(layer) === which);
    if (found) return found;
    throw new ConfigError(
      `getLayer: there is no layer ${typeof which === 'number' ? which : `'${which}'`}; there are ` +
        layers.map((layer) => this.nameOf(layer)).join(', '),
      { which },
    );
  }

  override innerLayers(): readonly (readonly [string, KerasLayer<unknown>])[] {
    return this.layers.map((layer) => [this.nameOf(layer), layer] as const);
  }

  /** By layer, each weight once. */
  override placedWeights(path = '', within = true): PlacedWeight[] {
    const seen = new Set<unknown>();
    const trainable = within && this.trainable;
    return this.innerLayers()
      .flatMap(([name, layer]) => layer.placedWeights(joined(path, name), trainable))
      .filter(({ weight }) => !seen.has(weight) && seen.add(weight));
  }

  // ── as a layer ────────────────────────────────────────────────────────────────────────────────────────────

  override takesIdsAt(input: number): boolean {
    return this.graph.takesIdsAt(input);
  }

  override get hasSeveralOutputs(): boolean {
    return this.outputForm !== 'one';
  }

  /** Applies it to symbolic tensors, in the form of its own inputs; the result has the form of its outputs. */
  override apply(inputs: Symbols): Out {
    const names = this.inputNames;
    const ordered =
      this.inputForm === 'record' && !Array.isArray(inputs) && names.every((name) => Object.hasOwn(inputs, name))
        ? names.map((name) => (inputs as Readonly<Record<string, SymbolicTensor>>)[name])
        : symbolsIn(this.name, inputs);
    if (ordered.length !== names.length) {
      throw new ConfigError(
        `${this.name}: takes ${names.length} inputs (${names.join(', ')}), received ${ordered.length}`,
      );
    }
    const outputs = this.applyTo(ordered);
    if (this.outputForm !== 'record') return outputs as Out;
    return Object.fromEntries(this.outputNames.map((name, i) => [name, (outputs as SymbolicTensor[])[i]])) as Out;
  }

  override outputShapes(shapes: readonly Shape[]): readonly Shape[] {
    const { inputs, outputs } = this.graph;
    shapes.forEach((shape, i) => {
      const own = inputs[i].shape;
      if (shape.length === own.length && own.every((n, axis) => n < 0 || shape[axis] < 0 || n === shape[axis])) return;
      throw new ConfigError(`${this.name}: input ${i} must be ${formatShape(own)}, received ${formatShape(shape)}`, {
        shape,
      });
    });
    return outputs.map(({ shape }) => shape);
  }

  call(inputs: readonly Tensor[], context: CallContext): readonly Tensor[] {
    const flows = this.graph.run(
      inputs.map((tensor, i) => ({ tensor, mask: context.masks[i] ?? null })),
      context,
    );
    this.#masks = flows.map(({ mask }) => mask);
    return flows.map(({ tensor }) => tensor);
  }

  override computeMask(): readonly (Mask | null)[] {
    return this.#masks;
  }

  // ── training and use ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Says how to train.
   * @throws ConfigError on an unknown name or option, or losses and metrics that do not fit the outputs
   *
   * @example
   * model.compile({ optimizer: { name: 'adam', learningRate: 3e-4 }, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
   */
  compile(options: CompileOptions = {}): void {
    this.#compiled = new Compiled(options);
    this.store.decideTrained();
  }

  /** @throws ConfigError before `compile` */
  get compiled(): Compiled {
    if (this.#compiled) return this.#compiled;
    throw new ConfigError("model: it is not compiled; call compile({ optimizer: 'adam', loss: … }) first");
  }

  get isCompiled(): boolean {
    return this.#compiled !== null;
  }

  /** Of `compile`. Its learning rate may be set at any time. */
  get optimizer(): Optimizer {
    return this.compiled.optimizer;
  }

  /** Builds it for data of these shapes, where they are not known yet. Without the batch: [samples, …]. */
  buildFor(_shapes: readonly Shape[]): void {}

  /**
   * Trains. Inputs and targets are arrays, or one asynchronous iterable of batches `[x, y]` or `[x, y, sampleWeight]`.
   * @returns the numbers of each epoch
   * @throws DataError if data do not fit; DivergenceError if the loss or its gradient is not finite, the weights being those of the
   *   last good step; see `terminateOnNaN`
   *
   * @example
   * const { history } = await model.fit(x, y, { epochs: 5, validationSplit: 0.1 });
   * console.log(history.val_loss);
   */
  fit(x: FitData, y?: ModelData | null, options: FitOptions = {}): Promise<History> {
    return fitModel(this, x, y ?? null, options);
  }

  /** The loss and the metrics on data, by name. */
  evaluate(x: FitData, y?: ModelData | null, options: EvaluateOptions = {}): Promise<Logs> {
    return evaluateModel(this, x, y ?? null, options);
  }

  /** The outputs for inputs, in the form of the outputs: one array, a list, or by name. */
  predict(x: ModelData, options: PredictOptions = {}): Promise<Predicted<Out>> {
    return predictModel(this, x, options) as Promise<Predicted<Out>>;
  }

  /** One update. @returns the loss and the metrics of this batch, before the update */
  trainOnBatch(x: ModelData, y: ModelData, sampleWeight?: ModelData | null): Promise<Logs> {
    return trainBatch(this, x, y, sampleWeight ?? null);
  }

  /** The loss and the metrics of one batch. */
  testOnBatch(x: ModelData, y: ModelData, sampleWeight?: ModelData | null): Promise<Logs> {
    return testBatch(this, x, y, sampleWeight ?? null);
  }

  /** The outputs for one batch. */
  predictOnBatch(x: ModelData): Promise<Predicted<Out>> {
    return predictModel(this, x, { batchSize: Number.MAX_SAFE_INTEGER }) as Promise<Predicted<Out>>;
  }

  override async getWeights(): Promise<readonly NumberArray[]> {
    await this.store.open();
    return super.getWeights();
  }

  /** Copies of all weights by path, such as 'dense/kernel'. */
  async weightsByPath(): Promise<Readonly<Record<string, NamedArray>>> {
    await this.store.open();
    const all = this.placedWeights();
    const values = await Promise.all(all.map(({ weight }) => weight.value.read()));
    return Object.fromEntries(all.map(({ path, weight }, i) => [path, { shape: weight.shape, data: values[i] }]));
  }

  /** @throws FormatError naming the first weight that is missing, unknown or of another shape; nothing is changed then */
  setWeightsByPath(values: SavedParameters): void {
    this.store.load(values);
  }

  /** Says something to the user once. */
  warn(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    console.warn(message);
  }

  /** A table of the layers. Prints it, and returns it. */
  summary(options: SummaryOptions = {}): string {
    return summaryOf(this, options);
  }

  /**
   * Saves the model as a safetensors file: its configuration and weights and, unless `includeOptimizer` is false, the arguments
   * of `compile` and the states of the optimizer, the callbacks and stateful layers, so that training resumes to the same bits.
   * @throws ConfigError if it has losses or metrics that are functions and `includeOptimizer` is not false
   */
  save(options: SaveOptions = {}): Promise<Uint8Array> {
    return saveModel(this, options);
  }

  /** Its configuration: plain data, from which `modelFrom` makes it again, without its weights. */
  toJSON(): object {
    return this.config;
  }
}
