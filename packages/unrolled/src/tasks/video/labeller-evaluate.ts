import { anything, requireOptions } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { accuracy, macroF1 } from '../../metrics/classification.ts';
import { type SegmentScores, segmentScores, segmentsIn } from '../../metrics/segments.ts';
import type { Clip } from './clip.ts';
import type { ClipOptions } from './clip-reader.ts';
import { type FrameLabeller, type SegmentOptions, segmentKinds } from './labeller.ts';

/** A video and what happens at each of its frames. */
export interface ClipWithFrameLabels {
  readonly clip: Clip;
  /** One for each frame. */
  readonly labels: readonly string[];
}

export interface FrameLabellerEvaluation {
  readonly clips: number;
  readonly frames: number;
  /** Mean −log p(label) of a frame, nats. */
  readonly loss: number;
  /** Share of frames with the right label, after smoothing. */
  readonly accuracy: number;
  /** Mean F1 over the labels, of frames. */
  readonly macroF1: number;
  /** Of segments; null if no frame has another label than the background. */
  readonly segments: SegmentScores | null;
}

/**
 * Evaluates a labeller of frames on videos with a label for each frame.
 * @throws DataError without clips, or on a label the model does not have; the signal's reason if it is aborted
 */
export async function evaluateFrameLabeller(
  model: FrameLabeller,
  examples: readonly ClipWithFrameLabels[],
  options: SegmentOptions & ClipOptions = {},
): Promise<FrameLabellerEvaluation> {
  requireOptions('video', options, { ...segmentKinds, signal: anything });
  if (examples.length === 0) throw new DataError('video: there are no clips to evaluate on');
  const { signal, ...how } = options;
  const targets = examples.map(({ clip, labels }) => model.targetsOf(clip, labels));
  const probabilities = await model.probabilities(
    examples.map(({ clip }) => clip),
    { signal },
  );
  const found = probabilities.map((rows) => model.labelled(rows, how));
  const actual = targets.flat();
  const predicted = found.flatMap(({ labels }) => labels.map((label) => model.labelId(label)));
  const losses = probabilities.flatMap((rows, i) =>
    rows.map((row, t) => -Math.log(Math.max(row[targets[i][t]], Number.MIN_VALUE))),
  );
  const truth = examples.map(({ labels }) => segmentsIn(labels, model.background));
  return {
    clips: examples.length,
    frames: actual.length,
    loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    accuracy: accuracy(predicted, actual),
    macroF1: macroF1(predicted, actual),
    segments:
      truth.flat().length === 0
        ? null
        : segmentScores(
            found.map(({ segments }) => segments),
            truth,
          ),
  };
}
