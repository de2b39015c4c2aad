import { binaryCrossEntropyLoss, crossEntropyLoss, squaredErrorLoss } from '../../nn/losses.ts';
import { scale } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { countAnswers, type Problem, type SequenceBatch } from './problem.ts';

/** The mean loss of the answers that a batch wants, given outputs `[S, B, O]`: squared error, or nats. */
export function lossOf(answers: Problem['answers'], outputs: Tensor, batch: SequenceBatch): Tensor {
  const { device, shape } = outputs;
  if (answers === 'class') return crossEntropyLoss(outputs, device.ids(batch.targets, shape.slice(0, 2)));
  const targets = device.tensor(batch.targets, shape);
  const options = {
    reduction: 'sum',
    weights: batch.lengths && device.tensor(presence(batch), [...shape.slice(0, 2), 1]),
  } as const;
  const total =
    answers === 'bits'
      ? binaryCrossEntropyLoss(outputs, targets, options)
      : squaredErrorLoss(outputs, targets, options);
  return scale(total, 1 / countAnswers(batch));
}

/** 1 where a row has that step, else 0: `[S, B]`. */
function presence({ steps, batch, lengths, answered }: SequenceBatch): Float32Array {
  return Float32Array.from({ length: answered * batch }, (_, i) =>
    Number(steps - answered + Math.floor(i / batch) < (lengths?.[i % batch] ?? steps)),
  );
}
