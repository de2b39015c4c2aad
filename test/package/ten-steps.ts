import type * as unrolled from 'unrolled';
import type * as languageModel from 'unrolled/tasks/language-model';
import type * as training from 'unrolled/train';

/** The library, however it was loaded. */
export interface Library {
  readonly openDevice: typeof unrolled.openDevice;
  readonly LanguageModel: typeof languageModel.LanguageModel;
  readonly languageModelTraining: typeof languageModel.languageModelTraining;
  readonly tokenizerFor: typeof languageModel.tokenizerFor;
  readonly train: typeof training.train;
}

export interface TenSteps {
  readonly losses: number[];
  readonly sample: string;
  readonly threads: number;
  readonly notes: readonly string[];
}

/** Ten training steps of a small LSTM language model; the same file runs in Node and, types stripped, in a page. */
export async function tenSteps(library: Library, threads: number | undefined): Promise<TenSteps> {
  const text = 'the quick brown fox jumps over the lazy dog. '.repeat(30);
  const device = await library.openDevice('wasm', { threads });
  const tokenizer = library.tokenizerFor('char', text);
  const config = { cell: 'lstm', hidden: 24, layers: 2, embedding: 12, dropout: 0.1 };
  const model = new library.LanguageModel(device, tokenizer, config, 7);
  const task = library.languageModelTraining(model, tokenizer.encode(text), { batch: 4, steps: 16, seed: 7 });
  const losses: number[] = [];
  let sample = '';
  const events = library.train(task, {
    optimizer: { method: 'adam' },
    learningRate: 1e-2,
    clipNorm: 1,
    steps: 10,
    progressEvery: 1,
    validateEvery: 0,
    sampleEvery: 10,
  });
  for await (const event of events) {
    if (event.type === 'progress') losses.push(event.loss);
    if (event.type === 'sample') sample = event.text;
  }
  const description = device.describe();
  device.close();
  return { losses, sample, threads: description.threads, notes: description.notes };
}
