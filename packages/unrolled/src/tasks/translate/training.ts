import { anything, count, type Kinds, number, requireOptions } from '../../checks.ts';
import { type Examples, mapExamples, sourceOf } from '../../data/examples.ts';
import { checkSequenceLoss, type SequenceLossOptions } from '../../nn/seq2seq/loss.ts';
import type { StopSignal } from '../../signal.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import type { Validation } from '../../train/task.ts';
import { evaluateTranslator, type TranslationScores } from './evaluate.ts';
import { translationLoss } from './loss.ts';
import type { Translator } from './model.ts';
import type { TranslationPair } from './pairs.ts';
import type { EncodedPair } from './sides.ts';

export interface TranslatorTrainingOptions
  extends ExampleOptions<TranslationPair>,
    Pick<SequenceLossOptions, 'smoothing' | 'coverageLoss' | 'sampling'> {
  /** Epochs over which scheduled sampling grows linearly from 0 to `sampling`. Default 10. */
  readonly samplingEpochs?: number | undefined;
  /** Maximum number of pairs translated at a validation, spread evenly over the validation pairs. Default 1,000. */
  readonly validationPairs?: number | undefined;
}

const kinds: Kinds<TranslatorTrainingOptions> = {
  ...exampleKinds,
  // Those of the loss are checked with the model, which decides what they may be.
  ...{ smoothing: anything, coverageLoss: anything, sampling: anything },
  samplingEpochs: number({ above: 0 }),
  validationPairs: count,
};

/**
 * Trains a translator on pairs. The best checkpoint has the lowest character error rate of greedy translations, or word
 * error rate if the target tokens are words.
 *
 * @param pairs  in memory, or a source that reads each when a batch needs it
 * @throws DataError if there are no pairs; ConfigError on an option out of range
 *
 * @example
 * const { train: pairs, validation } = splitExamples(all, { share: 0.1, seed: 1, keyOf: ({ source }) => source });
 * const translator = new Translator(device, sidesFor(pairs), { cell: 'lstm', hidden: 128, layers: 1, embedding: 64, dropout: 0.1 });
 * const task = translatorTraining(translator, pairs, { validation, batch: 64, seed: 1 });
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 2e-3, clipNorm: 1, epochs: 10 })) …
 */
export function translatorTraining(
  model: Translator,
  pairs: Examples<TranslationPair>,
  options: TranslatorTrainingOptions,
): SupervisedTraining<EncodedPair> {
  const {
    validation: held = [],
    smoothing,
    coverageLoss,
    sampling = 0,
    samplingEpochs = 10,
    validationPairs = 1000,
  } = options;
  requireOptions('translatorTraining', options, kinds);
  checkSequenceLoss(model.network, options);
  // Spread evenly: files are often sorted.
  const every = Math.max(1, Math.ceil(held.length / validationPairs));
  const validation = held.filter((_, i) => i % every === 0);
  const shown = sourceOf(validation.length > 0 ? validation : pairs);
  const task: SupervisedTraining<EncodedPair> = new SupervisedTraining<EncodedPair>(
    {
      parameters: model.parameters,
      describe: () => model.describe(),
      loss(examples, context) {
        const grown = sampling * Math.min(1, task.epoch / samplingEpochs);
        return translationLoss(model, examples, context, { smoothing, coverageLoss, sampling: grown }).loss;
      },
    },
    mapExamples(pairs, (pair) => model.encode(pair)),
    {
      validation: validation.map((pair) => model.encode(pair)),
      ...{ batch: options.batch, seed: options.seed, order: options.order },
      chanceLoss: Math.log(model.sides.target.size),
      lengthOf: ({ source, target }) => source.length + target.length,
      validate: (_, signal) => validate(model, validation, signal),
      async sample() {
        const few = Array.from({ length: Math.min(5, shown.length) }, (_, i) => shown.read(i));
        return sample(model, await Promise.all(few));
      },
    },
  );
  return task;
}

async function validate(
  model: Translator,
  pairs: readonly TranslationPair[],
  signal: StopSignal | undefined,
): Promise<Validation> {
  const { scores } = await evaluateTranslator(model, pairs, { signal });
  const { loss, signatures: _, ...metrics } = scores;
  return { loss, metrics, cost: costOf(model, scores) };
}

function costOf({ sides }: Translator, scores: TranslationScores): number {
  return sides.target.tokenizer.kind === 'word' ? scores.wordErrorRate : scores.characterErrorRate;
}

/** Translations of a few sources, with their references where they differ. */
async function sample(model: Translator, pairs: readonly TranslationPair[]): Promise<string> {
  const written = await model.translate(pairs.map(({ source }) => source));
  return pairs
    .map(({ source, target }, i) => {
      const { text } = written[i];
      return text === target ? `${source} → ${text}` : `${source} → ${text}   (reference: ${target})`;
    })
    .join('\n');
}
