import { count, type Kinds, number, seed, text, whole } from '../../checks.ts';
import type { CaptionSearchOptions } from '../caption-writer.ts';
import type { Task } from '../task.ts';
import { type Clip, clipInput } from './clip.ts';
import { type ToldVideo, VideoEventCaptioner } from './event-captioner.ts';
import {
  type ClipWithEvents,
  type EvaluateEventsOptions,
  type EventsEvaluation,
  evaluateEventCaptioner,
} from './event-evaluate.ts';
import { type ProposalOptions, proposalKinds } from './proposals.ts';

/** Videos to events, each with a sentence. */
export const videoEventsTask: Task<{
  model: VideoEventCaptioner;
  input: Clip;
  options: CaptionSearchOptions & ProposalOptions;
  answer: ToldVideo;
  data: readonly ClipWithEvents[];
  evaluate: EvaluateEventsOptions;
  evaluation: EventsEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'video-events',
  open: (device, source, cell) => VideoEventCaptioner.load(device, source, cell),
  about: ({ words, config: { input, windows, context = 'both' } }) => ({
    ...{ windows, context, words: words.tokenizer.size },
    ...(input.kind === 'frames' ? { size: input.preprocessing.size } : { features: input.features }),
  }),
  input: clipInput,
  options: {
    ...proposalKinds,
    ...{ beam: count, nBest: count, lengthPenalty: number({ from: 0 }), blockNgrams: whole(), maxLength: count },
    ...{ temperature: number({ from: 0 }), seed, begin: text },
  } as Kinds<CaptionSearchOptions & ProposalOptions>,
  predict: (model, clips, options) => model.predict(clips, options),
  evaluate: evaluateEventCaptioner,
};
