import type { Count, SequenceBatch } from './problem.ts';

/** Right classes among all answers that are wanted. */
export function countAnswersRight({ targets }: SequenceBatch, outputs: ArrayLike<number>): Count {
  const classes = outputs.length / targets.length;
  let [right, of] = [0, 0];
  targets.forEach((id, position) => {
    if (id < 0) return;
    of++;
    if (likeliest(outputs, position * classes, classes) === id) right++;
  });
  return { right, of };
}

/** Right classes among the last answers of the rows. */
export function countLastRight(batch: SequenceBatch, outputs: ArrayLike<number>): Count {
  const targets = (batch.targets as Int32Array).slice();
  for (let b = 0; b < batch.batch; b++) {
    let found = false;
    for (let position = targets.length - batch.batch + b; position >= 0; position -= batch.batch) {
      if (found) targets[position] = -1;
      found ||= targets[position] >= 0;
    }
  }
  return countAnswersRight({ ...batch, targets }, outputs);
}

function likeliest(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[start + i] > values[start + best]) best = i;
  return best;
}
