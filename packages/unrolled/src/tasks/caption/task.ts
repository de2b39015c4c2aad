import { count, number, oneOf, seed, text, whole } from '../../checks.ts';
import { imageInput } from '../../images/image-input.ts';
import type { Image } from '../../images/index.ts';
import { hardReadings } from '../../nn/attention.ts';
import type { Task } from '../task.ts';
import {
  type CaptionEvaluation,
  type CaptionedFeatures,
  type CaptionedImage,
  type EvaluateCaptionsOptions,
  evaluateCaptions,
} from './evaluate.ts';
import { Captioner } from './model.ts';
import type { Caption, CaptionSearchOptions } from './predict.ts';

/** Images to sentences. */
export const captionTask: Task<{
  model: Captioner;
  input: Image;
  options: CaptionSearchOptions;
  answer: Caption;
  data: readonly (CaptionedImage | CaptionedFeatures)[];
  evaluate: EvaluateCaptionsOptions;
  evaluation: CaptionEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'caption',
  open: (device, source, cell) => Captioner.load(device, source, cell),
  about: ({ backbone, config, words }) => ({
    size: backbone.description.preprocessing.size,
    grid: backbone.grid,
    conditioning: config.conditioning,
    words: words.tokenizer.size,
  }),
  input: imageInput,
  options: {
    ...{ beam: count, nBest: count, lengthPenalty: number({ from: 0 }), blockNgrams: whole(), maxLength: count },
    ...{ temperature: number({ from: 0 }), seed, begin: text, places: oneOf(hardReadings) },
  },
  predict: (model, images, options) => model.predict(images, options),
  async evaluate(model, images, options = {}) {
    const unseen = images.flatMap((one) => ('image' in one ? [one.image] : []));
    const seen = (await model.features(unseen, { signal: options.signal }))[Symbol.iterator]();
    const read = images.map((one) => ('image' in one ? { features: seen.next().value!, captions: one.captions } : one));
    return (await evaluateCaptions(model, read, options)).scores;
  },
};
