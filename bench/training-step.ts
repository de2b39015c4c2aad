import { openDevice } from 'unrolled';
import {
  LanguageModel,
  type LanguageModelConfig,
  languageModelTraining,
  tokenizerFor,
} from 'unrolled/tasks/language-model';
import { type TrainOptions, train } from 'unrolled/train';
import { summarise, type Timing } from './timing.ts';

/** The sizes of a character model's training step. */
export interface StepCase {
  readonly cell: 'lstm' | 'gru' | 'rnn';
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly steps: number;
}

/** Floating-point operations of the matrix products in one step: 2 forward and 4 backward for each weight and token. */
export function flopsOf({ cell, layers, hidden, embedding, vocabulary, batch, steps }: StepCase): number {
  const gates = { lstm: 4, gru: 3, rnn: 1 }[cell];
  let weights = hidden * vocabulary;
  for (let layer = 0; layer < layers; layer++) {
    weights += gates * hidden * ((layer === 0 ? embedding : hidden) + hidden);
  }
  return 6 * weights * batch * steps;
}

/** A text with every character of a vocabulary of that size, the same at every call. */
function textOf(vocabulary: number, length: number): string {
  return (
    Array.from({ length }, (_, i) => String.fromCharCode(48 + ((i * i + 7 * i) % vocabulary))).join('') +
    Array.from({ length: vocabulary }, (_, i) => String.fromCharCode(48 + i)).join('')
  );
}

/** The path of the machine's BLAS, if it has one we can use. */
export async function findBlas(): Promise<string | null> {
  const device = await openDevice('wasm', { threads: 1, blas: 'auto' });
  const { details } = device.describe();
  device.close();
  return details?.blas ?? null;
}

export interface TimedSteps extends Timing {
  /** The most bytes the device had given out at once. */
  readonly peakBytes: number;
  readonly threads: number;
  /** Of every step, the first ones, which are not timed, included. */
  readonly losses: readonly number[];
}

/**
 * Times whole training steps (batch, forward, backward, clip, Adam) of our engine; also runs in a page.
 * @throws Error if the loss does not fall, so that nothing wrong is timed
 */
export function timeTrainingStep(
  step: StepCase,
  threads: number,
  runs: number,
  warmup = 5,
  blas = 'off',
): Promise<TimedSteps> {
  const { cell, hidden, layers, embedding } = step;
  const update = { optimizer: { method: 'adam' }, learningRate: 2e-3, clipNorm: 5 } as const;
  return timeTraining({ cell, hidden, layers, embedding, dropout: 0 }, step, update, { threads, runs, warmup, blas });
}

/** The same of any language model and optimizer. */
export async function timeTraining(
  config: LanguageModelConfig,
  { vocabulary, batch, steps }: Pick<StepCase, 'vocabulary' | 'batch' | 'steps'>,
  update: Pick<TrainOptions, 'optimizer' | 'learningRate' | 'clipNorm'>,
  { threads, runs, warmup, blas }: { threads: number; runs: number; warmup: number; blas: string },
): Promise<TimedSteps> {
  const device = await openDevice('wasm', { threads, blas });
  const text = textOf(vocabulary, Math.max(200_000, 20 * batch * steps));
  const tokenizer = tokenizerFor('char', text);
  const model = new LanguageModel(device, tokenizer, config, 1);
  const task = languageModelTraining(model, tokenizer.encode(text), { batch, steps, seed: 1 });
  const milliseconds: number[] = [];
  const losses: number[] = [];
  let last = performance.now();
  const events = train(task, {
    ...update,
    steps: warmup + runs,
    progressEvery: 1,
    validateEvery: 0,
    sampleEvery: 0,
  });
  for await (const event of events) {
    if (event.type !== 'progress') continue;
    const now = performance.now();
    milliseconds.push(now - last);
    losses.push(event.loss);
    last = now;
  }
  const { peakBytes } = device.memory();
  device.close();
  const [first, final] = [losses[0], losses.at(-1)!];
  if (!(final < first)) throw new Error(`training step ${JSON.stringify(config)}: loss went from ${first} to ${final}`);
  return { ...summarise(milliseconds.slice(warmup)), peakBytes, threads, losses };
}
