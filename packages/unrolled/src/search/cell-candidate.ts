import { count, type Kinds, limit, number, required, requireOptions, seed as seedKind, whole } from '../checks.ts';
import { DivergenceError } from '../errors.ts';
import type { CellSource } from '../nn/cells/registry.ts';
import type { StopSignal } from '../signal.ts';
import { throwIfAborted } from '../signal.ts';
import { evaluateLanguageModel } from '../tasks/language-model/evaluate.ts';
import { LanguageModel } from '../tasks/language-model/model.ts';
import { languageModelTraining } from '../tasks/language-model/training.ts';
import type { Device } from '../tensor/device.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { train } from '../train/train.ts';

/** How a cell is trained to be measured: one layer, in a language model. */
export interface CellTrainingOptions {
  /** H. */
  readonly hidden: number;
  /** E. */
  readonly embedding: number;
  /** B, batch size. */
  readonly batch: number;
  /** k, steps of truncated backpropagation through time. */
  readonly seq: number;
  /** Of Adam; it stays for the first half and then falls to 0. */
  readonly learningRate: number;
  /** Updates. Default: none, `seconds` ends the training. */
  readonly steps?: number | undefined;
  /** Results depend on the machine's speed then. Default: none, `steps` ends the training. */
  readonly seconds?: number | undefined;
  /** The most tokens of the validation part to score. Default: all. */
  readonly validationTokens?: number | undefined;
  /** Of initial weights and order. */
  readonly seed: number;
}

const kinds: Kinds<CellTrainingOptions> = {
  ...{ hidden: required(count), embedding: required(count), batch: required(count), seq: required(count) },
  ...{ learningRate: required(number({ above: 0 })), seed: required(seedKind) },
  ...{ steps: count, seconds: limit, validationTokens: whole({ from: 2 }) },
};

/** Texts as token ids. */
export interface CellTexts {
  readonly tokenizer: Tokenizer;
  readonly train: Int32Array;
  readonly validation: Int32Array;
  /** Scored once, at the end. Default: none. */
  readonly test?: Int32Array | undefined;
}

export interface CellMeasure {
  /** Mean over the validation tokens, in nats; null if training diverged. */
  readonly loss: number | null;
  /** The same of the test text; null without one. */
  readonly testLoss: number | null;
  readonly diverged: boolean;
  readonly parameters: number;
  readonly steps: number;
}

/**
 * Trains a language model with one layer of a cell and evaluates it.
 * @throws ConfigError on an option out of range; the signal's reason if it is aborted
 */
export async function measureCell(
  device: Device,
  cell: CellSource,
  { tokenizer, train: text, validation, test }: CellTexts,
  options: CellTrainingOptions,
  signal?: StopSignal,
): Promise<CellMeasure> {
  requireOptions('measureCell', options, kinds);
  const { hidden, embedding, batch, seq, learningRate, steps, seconds, validationTokens, seed } = options;
  const model = new LanguageModel(device, tokenizer, { cell, hidden, layers: 1, embedding, dropout: 0 }, seed);
  const measured = { parameters: model.parameters.size, loss: null, testLoss: null, diverged: true };
  const task = languageModelTraining(model, text, { batch, steps: seq, seed, validation, validationTokens });
  let done = 0;
  try {
    const events = train(task, {
      ...{ optimizer: { method: 'adam' }, learningRate, schedule: 'hold-linear', clipNorm: 1 },
      ...{ steps, seconds, seed, signal, progressEvery: 0, sampleEvery: 0, checkpointEvery: 0 },
      // At the end alone.
      validateEvery: Number.MAX_SAFE_INTEGER,
    });
    for await (const event of events) {
      if (event.type !== 'done') continue;
      throwIfAborted(signal);
      done = event.step;
      if (event.diverged || event.validationLoss === null) return { ...measured, steps: done };
      const testLoss = test ? (await evaluateLanguageModel(model, test, { signal })).loss : null;
      return { ...measured, loss: event.validationLoss, testLoss, diverged: false, steps: done };
    }
    throw new Error('measureCell: the training ended without a result');
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    return { ...measured, steps: Number(error.details.step ?? 0) };
  }
}

/**
 * 1 − loss/ln V, no less than 0: 0 for a model that guesses or diverges, 1 for one that is certain and right.
 * @param vocabulary  V
 */
export const cellReward = ({ loss }: Pick<CellMeasure, 'loss'>, vocabulary: number): number =>
  loss === null ? 0 : Math.max(0, 1 - loss / Math.log(vocabulary));
