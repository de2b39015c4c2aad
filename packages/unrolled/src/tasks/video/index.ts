/**
 * Videos to labels, of whole clips and of each frame, and to captions, of clips and of events.
 * @module
 */

export { Side } from '../../tokenizers/side.ts';
export type { EvaluateCaptionsOptions, WrittenScores } from '../caption-evaluation.ts';
export { type CaptionWords, captionVocabulary } from '../caption-words.ts';
export type {
  CaptionOptions,
  CaptionSearchOptions,
  WordWeights,
  WrittenCandidate,
  WrittenCaption,
} from '../caption-writer.ts';
export { augmentClip, type ClipAugmentation, mirroredJoints } from './augmentation.ts';
export { type ClipCaption, VideoCaptioner, type VideoCaptionerDescription } from './captioner.ts';
export { type CaptionedClip, evaluateVideoCaptioner, type VideoCaptionEvaluation } from './captioner-evaluate.ts';
export * from './captioner-task.ts';
export { type VideoCaptionerTrainingOptions, videoCaptionerTraining } from './captioner-training.ts';
export type { Clip } from './clip.ts';
export type { ClipOptions } from './clip-reader.ts';
export {
  type ClipConditioning,
  type ClipNetworkConfig,
  clipConditionings,
  type EventContext,
  eventContexts,
  type FrameInput,
  type FrameLabellerConfig,
  type Reading,
  readings,
  type VideoCaptionerConfig,
  type VideoClassifierConfig,
  type VideoEventsConfig,
} from './config.ts';
export { evaluateVideoClassifier, type LabelledClip } from './evaluate.ts';
export {
  type EventCaptionerDescription,
  type EventOptions,
  type SpannedClip,
  type ToldEvent,
  type ToldVideo,
  VideoEventCaptioner,
} from './event-captioner.ts';
export {
  type CaptionedSpan,
  type ClipWithEvents,
  type EvaluateEventsOptions,
  type EventsEvaluation,
  evaluateEventCaptioner,
  type MatchedCaptions,
} from './event-evaluate.ts';
export * from './event-task.ts';
export { type EventTrainingOptions, eventCaptionerTraining } from './event-training.ts';
export { type FrameNetworkOptions, frameNetwork } from './frame-network.ts';
export { FrameLabeller, type FrameLabellerDescription, type LabelledFrames, type SegmentOptions } from './labeller.ts';
export { type ClipWithFrameLabels, evaluateFrameLabeller, type FrameLabellerEvaluation } from './labeller-evaluate.ts';
export * from './labeller-task.ts';
export { frameLabellerTraining } from './labeller-training.ts';
export { VideoClassifier, type VideoClassifierDescription } from './model.ts';
export { type Proposal, type ProposalOptions, proposalsIn, type Span, windowLengths } from './proposals.ts';
export { type StreamOptions, VideoStream } from './stream.ts';
export * from './task.ts';
export { type ClipTrainingOptions, videoTraining } from './training.ts';
export * from './world.ts';
