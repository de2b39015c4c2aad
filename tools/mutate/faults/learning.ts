import { type FaultGroup, faultsIn } from '../fault.ts';

const src = 'packages/unrolled/src';

/** Optimizers, schedules and the training loop. */
export const learning: FaultGroup = {
  name: 'optimizers and training',
  faults: [
    ...faultsIn(
      `${src}/optim/optimizer.ts`,
      [`${src}/optim/optimizer.test.ts`, 'test/golden/optimizers.test.ts'],
      [
        ['norm, loss, steps }', 'norm, loss: null, steps }'],
        ['? this.steps : device.empty([1]);', '? device.zeros([1]) : device.empty([1]);'],
        ['backend.copy(this.steps, steps);', 'backend.fill(steps, 0);'],
        ["(method === 'adagrad' ? 1e-10 : 1e-8)", '1e-3'],
        ["decaying === 'all' || shape.length > 1", "decaying === 'all' || shape.length > 0"],
        ['learningRate: learningRate * rate', 'learningRate'],
        ['flat.view([size], start)', 'flat.view([size])'],
      ],
    ),
    ...['reference', 'wasm'].flatMap((backend) =>
      faultsIn(
        `${src}/backend/${backend}/optimize.ts`,
        [`${src}/backend/conformance.test.ts`, `${src}/optim/optimizer.test.ts`],
        [
          ['Math.min(1, clipNorm / (norm + 1e-6))', 'clipNorm / (norm + 1e-6)'],
          ['!Number.isFinite(norm) || ', ''],
        ],
      ),
    ),
    ...faultsIn(
      `${src}/optim/schedule.ts`,
      [`${src}/optim/schedule.test.ts`],
      [
        ['p < 0.5 ? 1 : 1 - (1 - floor) * (2 * p - 1)', 'p < 0.5 ? 1 : 1 - (1 - floor) * p'],
        ['0.5 * (1 + Math.cos(Math.PI * p))', '0.5 * (1 + Math.cos(2 * Math.PI * p))'],
        ['Math.min(1, Math.max(0, (progress - warmUp) / (1 - warmUp)))', '(progress - warmUp) / (1 - warmUp)'],
        ['(progress - warmUp) / (1 - warmUp)', 'progress - warmUp'],
      ],
    ),
    ...faultsIn(
      `${src}/train/supervised.ts`,
      [`${src}/train/supervised.test.ts`],
      [['vary?.(read, ', 'vary?.(read.slice(1), ']],
    ),
    ...faultsIn(
      `${src}/nn/label-smoothing.ts`,
      [`${src}/nn/losses.test.ts`],
      [
        ['scale(losses, 1 - epsilon)', 'losses'],
        ['asked ? select(asked, even, 0) : even', 'even'],
      ],
    ),
    ...faultsIn(
      `${src}/metrics/label-predictions.ts`,
      [`${src}/metrics/label-predictions.test.ts`],
      [
        ['.length < 5', '.length <= 5'],
        ['Math.exp((logit - most) / temperature));', 'Math.exp((logit - most) * temperature));'],
      ],
    ),
    ...faultsIn(
      `${src}/tasks/classify-images/training.ts`,
      [`${src}/tasks/classify-images/classify-images.test.ts`],
      [
        ['target[other] += 1 - share', 'target[other] += share'],
        ['const all = source.length * views.length', 'const all = source.length'],
      ],
    ),
    ...faultsIn(
      `${src}/train/weight-average.ts`,
      [`${src}/train/weight-average.test.ts`],
      [
        ['(1 + step) / (10 + step)', '1'],
        ['axpy(1 - decay, spare, average)', 'axpy(decay, spare, average)'],
        ['backend.copy(spare, value)', 'backend.copy(value, spare)'],
        ['filter(({ frozen }) => frozen)', 'filter(() => false)'],
        ['backend.copy(value, average);\n      backend.write', 'backend.write'],
      ],
    ),
    ...faultsIn(
      `${src}/train/resume.ts`,
      [`${src}/tasks/language-model/training.test.ts`, `${src}/train/supervised.test.ts`],
      [
        ['optimizer.resumeAt(checkpoint.trainer.step);', ''],
        ['task.restore(checkpoint.carried, checkpoint.task);', ''],
      ],
    ),
    ...faultsIn(
      `${src}/train/train.ts`,
      [`${src}/tasks/language-model/training.test.ts`],
      [['resume?.trainer.random ?? new Random(', 'new Random(']],
    ),
    ...faultsIn(
      `${src}/train/progress.ts`,
      [`${src}/train/supervised.test.ts`, `${src}/train/accumulation.test.ts`],
      [
        ['this.step = from?.step ?? 0;', 'this.step = 0;'],
        ['(epochs * batchesPerEpoch) / accumulate', 'epochs * batchesPerEpoch'],
      ],
    ),
    ...faultsIn(
      `${src}/train/update.ts`,
      [`${src}/train/accumulation.test.ts`],
      [
        ['mean.mul(1 / accumulate)', 'mean'],
        ['{ add: part > 1 }', '{ add: false }'],
      ],
    ),
    ...faultsIn(
      `${src}/train/progress.ts`,
      [`${src}/train/divergence.test.ts`],
      [['Number(clipNorm > 0 && norm > clipNorm)', 'Number(clipNorm > 0)']],
    ),
    ...faultsIn(
      `${src}/data/token-streams.ts`,
      [`${src}/data/token-streams.test.ts`, `${src}/tasks/language-model/training.test.ts`],
      [
        ['targets[t * batch + b] = this.#tokens[place + 1];', 'targets[t * batch + b] = this.#tokens[place];'],
        ['offset + b * length + chunk * steps + t', 'b * length + chunk * steps + t'],
        ['first: chunk === 0', 'first: chunk <= 1'],
      ],
    ),
    ...faultsIn(
      `${src}/data/padding.ts`,
      [`${src}/data/padding.test.ts`],
      [['(Math.floor(i / F) * B + b) * F + (i % F)', '(Math.floor(i / F) * B + b) * F']],
    ),
    ...faultsIn(
      `${src}/data/batches.ts`,
      [`${src}/data/batches.test.ts`, `${src}/train/supervised.test.ts`],
      [
        ['{ epoch: position.epoch + 1, batch: 0 }', '{ epoch: position.epoch, batch: 0 }'],
        ['lengths[b] - lengths[a]', 'b - a'],
      ],
    ),
    ...faultsIn(
      `${src}/train/supervised.ts`,
      [`${src}/train/supervised.test.ts`],
      [
        ['this.#batches.at(after?.next ?? this.#position)', 'this.#batches.at(this.#position)'],
        ['this.#position = next;', ''],
      ],
    ),
  ],
};
