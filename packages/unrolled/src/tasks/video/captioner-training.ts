import { anything, count, type Kinds, requireOptions } from '../../checks.ts';
import type { ExampleSource, Examples } from '../../data/examples.ts';
import { ConfigError } from '../../errors.ts';
import type { Context } from '../../nn/layer.ts';
import { checkSequenceLoss, type SequenceLossOptions } from '../../nn/seq2seq/loss.ts';
import type { Random } from '../../random.ts';
import { SupervisedTraining } from '../../train/supervised.ts';
import { writtenLoss } from '../caption-evaluation.ts';
import { requireClipAugmentation } from './augmentation.ts';
import type { VideoCaptioner } from './captioner.ts';
import { type CaptionedClip, evaluateVideoCaptioner, requireCaptions } from './captioner-evaluate.ts';
import { type ClipTrainingOptions, clipTrainingKinds, preparedExamples, varied } from './training.ts';

export interface VideoCaptionerTrainingOptions
  extends ClipTrainingOptions<CaptionedClip>,
    Pick<SequenceLossOptions, 'smoothing' | 'doublyStochastic' | 'sampling'> {
  /** Maximum number of clips captioned at a validation, spread evenly over those for validation. Default 500. */
  readonly validationClips?: number | undefined;
}

const kinds: Kinds<VideoCaptionerTrainingOptions> = {
  ...(clipTrainingKinds as Kinds<ClipTrainingOptions<CaptionedClip>>),
  // Those of the loss are checked with the model, which decides what they may be.
  ...{ smoothing: anything, doublyStochastic: anything, sampling: anything },
  validationClips: count,
};

/**
 * Trains a captioner of clips. An epoch takes each clip once, with one of its captions, drawn anew each time. Of a frozen network
 * the features are computed here, once. The best checkpoint has the highest CIDEr-D of greedy captions where clips have several
 * captions to compare with, otherwise the lowest word error rate.
 * @param examples  in memory, or a source that reads each when a batch needs it
 * @throws DataError if there is no example; ConfigError on an option that is unknown or out of range; the signal's reason if it
 *   is aborted
 *
 * @example
 * const vocabulary = captionVocabulary(examples.flatMap(({ captions }) => captions), { minCount: 1 });
 * const captioner = new VideoCaptioner(device, { config, vocabulary });
 * const training = await videoCaptionerTraining(captioner, examples, { validation, batch: 16, seed: 1 });
 * for await (const event of train(training, { optimizer: { method: 'adam' }, learningRate: 2e-3, clipNorm: 5, epochs: 20 })) …
 */
export async function videoCaptionerTraining(
  model: VideoCaptioner,
  examples: Examples<CaptionedClip>,
  options: VideoCaptionerTrainingOptions,
): Promise<SupervisedTraining<CaptionedClip>> {
  requireOptions('videoCaptionerTraining', options, kinds);
  const { batch, seed, order, augmentation, validationClips = 500 } = options;
  const { smoothing, doublyStochastic = 0, sampling } = options;
  if (augmentation) requireClipAugmentation(augmentation);
  if (doublyStochastic > 0 && (model.config.conditioning ?? 'attention') !== 'attention') {
    throw new ConfigError('videoCaptionerTraining: a doubly stochastic loss needs attention; leave it out', {
      doublyStochastic,
    });
  }
  const loss = { smoothing, doublyStochastic, sampling };
  checkSequenceLoss(model.writer, loss);
  const { source, validation } = await preparedExamples(
    model,
    examples,
    ({ captions }) => captions.join('\n'),
    options,
  );
  if (validation.length > 0) requireCaptions(validation);
  const every = Math.max(1, Math.ceil(validation.length / validationClips));
  const trained = {
    parameters: model.parameters,
    describe: () => model.describe(),
    loss: (some: readonly CaptionedClip[], context: Context) =>
      writtenLoss(
        model,
        some.map(({ clip }) => clip),
        some.map(({ captions }) => model.encode(captions[0])),
        context,
        loss,
      ).loss,
  };
  return new SupervisedTraining<CaptionedClip>(trained, source, {
    ...{ batch, seed, order, chanceLoss: Math.log(model.words.size) },
    validation: validation.filter((_, i) => i % every === 0),
    vary(some, random) {
      const drawn = some.map((one, i) => withOneCaption(one, random.fork(`caption ${i}`)));
      return augmentation ? varied<CaptionedClip>(augmentation)(drawn, random) : drawn;
    },
    async validate(held, signal) {
      const { scores } = await evaluateVideoCaptioner(model, held, { signal });
      const { loss: mean, bleu, ciderD, wordErrorRate, exact } = scores;
      const several = held.some(({ captions }) => captions.length > 1);
      return {
        loss: mean,
        metrics: { bleu4: bleu[3], ciderD, wordErrorRate, exact },
        cost: several ? -ciderD : wordErrorRate,
      };
    },
    sample: (step) => sample(model, validation.length > 0 ? validation : source, step),
  });
}

function withOneCaption(one: CaptionedClip, random: Random): CaptionedClip {
  const { captions } = one;
  return captions.length === 1 ? one : { ...one, captions: [captions[random.below(captions.length)]] };
}

/** Captions of three clips, others at every step, with one of each clip's own. */
async function sample(model: VideoCaptioner, shown: Examples<CaptionedClip>, step: number): Promise<string> {
  const read = (i: number) => (Array.isArray(shown) ? shown[i] : (shown as ExampleSource<CaptionedClip>).read(i));
  const places = [...new Set([0, 1, 2].map((i) => (step * 3 + i) % shown.length))];
  const some: CaptionedClip[] = await Promise.all(places.map(read));
  const written = await model.predict(some.map(({ clip }) => clip));
  return written.map(({ text }, i) => `${text}   (reference: ${some[i].captions[0] ?? 'none'})`).join('\n');
}
