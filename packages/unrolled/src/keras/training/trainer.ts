import { ConfigError, DivergenceError } from '../../errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Updates } from '../../train/update.ts';
import type { Logs } from '../callbacks/callback.ts';
import { constrained } from '../constraints.ts';
import type { Model } from '../model.ts';
import type { ModelData } from './data.ts';
import { type Batch, lossOf } from './forward.ts';
import { Meters } from './meters.ts';
import { samplesFor } from './sources.ts';

/** Makes updates of a model, and measures. */
export class Trainer {
  readonly meters: Meters;
  readonly #model: Model<unknown>;
  readonly #updates: Updates;
  #batch: Batch | null = null;
  #reading: Promise<{ losses: ArrayLike<number>[]; metrics: ArrayLike<number>[][] }> | null = null;
  #taken: ReturnType<typeof lossOf> | null = null;

  static async of(model: Model<unknown>): Promise<Trainer> {
    const { compiled } = model;
    await model.store.open();
    const parameters = model.store.parameters();
    compiled.optimizer.attach(parameters);
    return new Trainer(model);
  }

  constructor(model: Model<unknown>) {
    const { compiled, store, progress } = model;
    const { device } = store;
    this.#model = model;
    const plans = compiled.plansFor(
      model.outputNames,
      model.graph.outputs.map(({ shape }) => shape),
    );
    if (!plans.some(({ loss }) => loss))
      throw new ConfigError('fit: there is no loss to train on; give one to compile');
    this.meters = new Meters(plans);
    const constraints = model.placedWeights().filter(({ weight, trainable }) => weight.constraint && trainable);
    const { optimizer } = compiled;
    const learner = {
      parameters: store.parameters(),
      readsAhead: false,
      nextBatch: () => ({ items: this.#batch!.rows }),
      loss: (_batch: unknown, context: Parameters<typeof lossOf>[3]): Tensor => {
        const result = lossOf(model, plans, this.#batch!, context);
        this.#taken = result;
        this.#reading = device.read(() => result.read) as never;
        return result.total;
      },
    };
    const updater = {
      update({ loss }: { readonly loss?: Tensor | undefined }): { norm: Tensor } {
        const done = optimizer.update({ loss });
        device.withoutGradients(() =>
          device.scope(() => {
            for (const { weight } of constraints)
              device.backend.copy(constrained(weight.constraint!, weight.value), weight.value);
          }),
        );
        return done;
      },
    };
    const options = {
      get learningRate(): number {
        return optimizer.learningRate;
      },
    };
    this.#updates = new Updates(learner as never, updater, progress.random, options);
  }

  async train(batch: Batch): Promise<void> {
    this.#batch = batch;
    const { compiled } = this.#model;
    const { loss } = await this.#updates.make(compiled.optimizer.iterations + 1, compiled.optimizer.learningRate, true);
    this.meters.count(batch, loss, await this.#reading!, this.#taken!);
  }
}

/** The loss and metrics of a batch; see `Model.trainOnBatch`. */
export async function trainBatch(
  model: Model<unknown>,
  x: ModelData,
  y: ModelData,
  sampleWeight: ModelData | null,
): Promise<Logs> {
  const samples = await samplesFor(model, x, y, sampleWeight);
  const trainer = await Trainer.of(model);
  try {
    await trainer.train({ rows: samples.count, ...samples });
  } catch (error) {
    if (error instanceof DivergenceError) model.optimizer.undo();
    throw error;
  }
  return trainer.meters.logs();
}
