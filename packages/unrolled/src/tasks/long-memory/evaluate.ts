import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import { lossOf } from './loss.ts';
import type { SequenceModel } from './model.ts';
import { countAnswers, type Problem, type SequenceBatch } from './problem.ts';

export interface ProblemEvaluation {
  /** Mean loss over all answers. */
  readonly loss: number;
  /** The problem's metric. */
  readonly metric: number;
}

/** Evaluates a model on a problem. @throws the signal's reason if it is aborted */
export async function evaluateProblem(
  model: SequenceModel,
  problem: Problem,
  batches: Iterable<SequenceBatch>,
  { signal }: { readonly signal?: StopSignal | undefined } = {},
): Promise<ProblemEvaluation> {
  const { device } = model;
  let [loss, answers, right, of] = [0, 0, 0, 0];
  for (const batch of batches) {
    await breathe(signal);
    const found = await device.read(() =>
      device.withoutGradients(() => {
        const outputs = model.apply(batch);
        return { loss: lossOf(problem.answers, outputs, batch), outputs };
      }),
    );
    const count = countAnswers(batch);
    loss += found.loss[0] * count;
    answers += count;
    const counted = problem.count?.(batch, found.outputs);
    right += counted?.right ?? 0;
    of += counted?.of ?? 0;
  }
  return { loss: loss / answers, metric: problem.count ? right / of : loss / answers };
}
