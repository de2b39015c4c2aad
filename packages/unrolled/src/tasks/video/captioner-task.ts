import { count, number, seed, text, whole } from '../../checks.ts';
import type { EvaluateCaptionsOptions } from '../caption-evaluation.ts';
import type { CaptionSearchOptions } from '../caption-writer.ts';
import type { Task } from '../task.ts';
import { type ClipCaption, VideoCaptioner } from './captioner.ts';
import { type CaptionedClip, evaluateVideoCaptioner, type VideoCaptionEvaluation } from './captioner-evaluate.ts';
import { type Clip, clipInput } from './clip.ts';

/** Videos to sentences. */
export const videoCaptionTask: Task<{
  model: VideoCaptioner;
  input: Clip;
  options: CaptionSearchOptions;
  answer: ClipCaption;
  data: readonly CaptionedClip[];
  evaluate: EvaluateCaptionsOptions;
  evaluation: VideoCaptionEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'video-caption',
  open: (device, source, cell) => VideoCaptioner.load(device, source, cell),
  about: ({ words, config: { input, conditioning = 'attention' } }) => ({
    ...{ conditioning, words: words.tokenizer.size },
    ...(input.kind === 'frames' ? { size: input.preprocessing.size } : { features: input.features }),
  }),
  input: clipInput,
  options: {
    ...{ beam: count, nBest: count, lengthPenalty: number({ from: 0 }), blockNgrams: whole(), maxLength: count },
    ...{ temperature: number({ from: 0 }), seed, begin: text },
  },
  predict: (model, clips, options) => model.predict(clips, options),
  evaluate: async (model, examples, options) => (await evaluateVideoCaptioner(model, examples, options)).scores,
};
