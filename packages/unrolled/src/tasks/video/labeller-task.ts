import type { Task } from '../task.ts';
import { type Clip, clipInput } from './clip.ts';
import { FrameLabeller, type LabelledFrames, type SegmentOptions, segmentKinds } from './labeller.ts';
import { type ClipWithFrameLabels, evaluateFrameLabeller, type FrameLabellerEvaluation } from './labeller-evaluate.ts';

/** Videos to a label for each frame, and segments. */
export const videoFramesTask: Task<{
  model: FrameLabeller;
  input: Clip;
  options: SegmentOptions;
  answer: LabelledFrames;
  data: readonly ClipWithFrameLabels[];
  evaluate: SegmentOptions;
  evaluation: FrameLabellerEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'video-frames',
  open: (device, source, cell) => FrameLabeller.load(device, source, cell),
  about: ({ labels, background, config: { input } }) => ({
    ...{ labels, background },
    ...(input.kind === 'frames' ? { size: input.preprocessing.size } : { features: input.features }),
  }),
  input: clipInput,
  options: segmentKinds,
  predict: (model, clips, options) => model.predict(clips, options),
  evaluate: evaluateFrameLabeller,
};
