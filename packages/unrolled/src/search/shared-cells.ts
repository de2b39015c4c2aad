import { TokenStreams } from '../data/token-streams.ts';
import { FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { Parameters } from '../nn/parameters.ts';
import { mean } from '../ops/index.ts';
import { Optimizer } from '../optim/index.ts';
import type { StopSignal } from '../signal.ts';
import { evaluateLanguageModel } from '../tasks/language-model/evaluate.ts';
import { LanguageModel } from '../tasks/language-model/model.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { breathe } from '../train/breathe.ts';
import { cellArchitecture, type cellSpace } from './cell-architecture.ts';
import { type CellTexts, type CellTrainingOptions, cellReward } from './cell-candidate.ts';
import type { Evaluation, Evaluator, Measures } from './evaluator.ts';
import { type Choices, keyOf } from './space.ts';
import { treeCell } from './tree-cell.ts';

export interface SharedCellsOptions extends Omit<CellTrainingOptions, 'steps' | 'seconds'> {
  /** Updates of the shared weights in each round. Default 20. */
  readonly sharedSteps?: number | undefined;
}

/** Models that are kept: building one takes longer than a small step. */
const mostModels = 64;

/**
 * Cells whose candidates share their weights (ENAS, Pham 2018), so that none is trained from the start. Trees of one base have the
 * same matrices, whatever is computed with them. In each round the shared weights are trained for some steps, each with another
 * architecture that the policy draws and from a state of 0; then candidates are compared on validation text by these weights.
 *
 * Rewards rank candidates within a round; they say little of what a cell reaches when it is trained alone.
 */
export class SharedCells implements Evaluator {
  readonly repeatable = false;
  readonly #device: Device;
  readonly #space: ReturnType<typeof cellSpace>;
  readonly #texts: CellTexts;
  readonly #options: SharedCellsOptions;
  readonly #shared: Parameters;
  readonly #optimizer: Optimizer;
  readonly #streams: TokenStreams;
  readonly #models = new Map<string, LanguageModel>();

  /** @throws as `LanguageModel` and `TokenStreams` */
  constructor(device: Device, space: ReturnType<typeof cellSpace>, texts: CellTexts, options: SharedCellsOptions) {
    this.#device = device;
    this.#space = space;
    this.#texts = texts;
    this.#options = options;
    this.#shared = this.#create(space.decisions.map(() => 0)).parameters;
    this.#optimizer = new Optimizer(this.#shared, { method: 'adam' });
    this.#streams = new TokenStreams(texts.train, { batch: options.batch, steps: options.seq, seed: options.seed });
  }

  #create(choices: Choices): LanguageModel {
    const { hidden, embedding, seed } = this.#options;
    const cell = treeCell(cellArchitecture(this.#space, choices));
    const config = { cell, hidden, layers: 1, embedding, dropout: 0 };
    return new LanguageModel(this.#device, this.#texts.tokenizer, config, seed);
  }

  /** The model of a cell, with the shared weights as they are now. */
  #model(choices: Choices): LanguageModel {
    const key = keyOf(this.#space, choices);
    const model = this.#models.get(key) ?? this.#create(choices);
    this.#models.delete(key);
    this.#models.set(key, model);
    const [oldest] = this.#models.keys();
    if (this.#models.size > mostModels) this.#models.delete(oldest);
    this.#device.backend.copy(this.#shared.values, model.parameters.values);
    return model;
  }

  async prepare(draw: (count: number) => Promise<readonly Choices[]>, signal: StopSignal | undefined): Promise<void> {
    const { sharedSteps = 20, learningRate } = this.#options;
    const device = this.#device;
    for (const choices of await draw(sharedSteps)) {
      await breathe(signal);
      const model = this.#model(choices);
      const { inputs, targets, steps, batch } = this.#streams.next();
      const loss = device.scope(() => {
        const { losses } = model.losses(device.ids(inputs, [steps, batch]), device.ids(targets, [steps, batch]), {
          training: false,
        });
        const total = mean(losses);
        model.parameters.backward(total);
        return total.detach();
      });
      device.backend.copy(model.parameters.gradients, this.#shared.gradients);
      // An architecture that diverges changes nothing: the optimizer leaves out what is not finite.
      await device.read(() => this.#optimizer.update({ learningRate, clipNorm: 1, loss }).norm);
    }
  }

  async *evaluate(candidates: readonly Choices[], signal: StopSignal | undefined): AsyncGenerator<Evaluation> {
    const { validation, tokenizer } = this.#texts;
    const { validationTokens = validation.length } = this.#options;
    for (const [index, choices] of candidates.entries()) {
      const start = performance.now();
      const { loss } = await evaluateLanguageModel(this.#model(choices), validation.subarray(0, validationTokens), {
        signal,
      });
      const diverged = !Number.isFinite(loss);
      const reward = cellReward({ loss: diverged ? null : loss }, tokenizer.size);
      const measures: Measures = diverged ? { diverged } : { diverged, loss };
      yield { index, reward, measures, seconds: (performance.now() - start) / 1000 };
    }
  }

  save(): Readonly<Record<string, Tensor>> {
    const { epoch, chunk } = this.#streams.position;
    const place = this.#device.tensor([epoch, chunk], [2]);
    return { weights: this.#shared.values, place, ...this.#optimizer.memory, updates: this.#optimizer.steps };
  }

  restore(saved: Readonly<Record<string, NamedArray>>): void {
    for (const [name, tensor] of Object.entries(this.save())) {
      const kept = saved[name];
      if (kept?.data.length !== tensor.size) throw new FormatError(`resume: the checkpoint lacks the shared '${name}'`);
      if (name !== 'place') tensor.device.backend.write(tensor, kept.data);
    }
    const [epoch, chunk] = saved.place.data;
    this.#streams.position = { epoch, chunk };
  }
}
