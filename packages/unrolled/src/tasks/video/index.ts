/**
 * Videos to labels, of whole clips and of each frame.
 * @module
 */

export { augmentClip, type ClipAugmentation, mirroredJoints } from './augmentation.ts';
export type { Clip } from './clip.ts';
export type { ClipOptions } from './clip-model.ts';
export {
  type ClipNetworkConfig,
  type FrameInput,
  type FrameLabellerConfig,
  type Reading,
  readings,
  type VideoClassifierConfig,
} from './config.ts';
export { evaluateVideoClassifier, type LabelledClip } from './evaluate.ts';
export { type FrameNetworkOptions, frameNetwork } from './frame-network.ts';
export { FrameLabeller, type FrameLabellerDescription, type LabelledFrames, type SegmentOptions } from './labeller.ts';
export { type ClipWithFrameLabels, evaluateFrameLabeller, type FrameLabellerEvaluation } from './labeller-evaluate.ts';
export * from './labeller-task.ts';
export { frameLabellerTraining } from './labeller-training.ts';
export { VideoClassifier, type VideoClassifierDescription } from './model.ts';
export { type StreamOptions, VideoStream } from './stream.ts';
export * from './task.ts';
export { type ClipTrainingOptions, videoTraining } from './training.ts';
export * from './world.ts';
