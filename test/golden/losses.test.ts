import { crossEntropyLoss } from 'unrolled/nn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradients } from '../../packages/unrolled/src/autodiff/gradients.ts';
import { embedding, layerNorm, logSoftmax } from '../../packages/unrolled/src/ops/index.ts';
import type { Device } from '../../packages/unrolled/src/tensor/device.ts';
import type { Tensor } from '../../packages/unrolled/src/tensor/tensor.ts';
import { expectClose } from '../closeness.ts';
import { subjects } from '../devices.ts';
import { type GoldenTensor, loadLosses } from './load.ts';

const golden = loadLosses();

describe.each(subjects)('$name: values and gradients are those of PyTorch', ({ open, tolerance }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device.close());

  const put = ({ data, shape }: GoldenTensor): Tensor => device.tensor(data, shape);
  const putIds = ({ data, shape }: GoldenTensor): Tensor => device.ids(data, shape);

  describe.each(golden.crossEntropy)('cross-entropy, $name', (one) => {
    const lossOf = (logits: Tensor, reduction: 'none' | 'sum' | 'mean'): Tensor =>
      crossEntropyLoss(logits, putIds(one.targets), { reduction });

    test('one loss a target', () => {
      expectClose('losses', lossOf(put(one.logits), 'none').data(), one.perTarget.data, tolerance);
    });

    test.each(['sum', 'mean'] as const)('%s', (reduction) => {
      const logits = put(one.logits).track();
      const loss = lossOf(logits, reduction);
      expectClose('loss', loss.data(), [one[reduction]], tolerance);
      const expected = reduction === 'sum' ? one.gradientOfSum : one.gradientOfMean;
      expectClose('gradient', gradients(loss, [logits])[0].data(), expected.data, tolerance);
    });
  });

  test.each(golden.logSoftmax)('log-softmax, $name', (one) => {
    const x = put(one.x).track();
    const y = logSoftmax(x);
    expectClose('output', y.data(), one.output.data, tolerance);
    expectClose('gradient', gradients(y, [x], put(one.upstream))[0].data(), one.gradient.data, tolerance);
  });

  test.each(golden.layerNorm)('layer norm, $name', (one) => {
    const [x, weight, bias] = [one.x, one.weight, one.bias].map((part) => put(part).track());
    const y = layerNorm(x, weight, bias, one.eps);
    expectClose('output', y.data(), one.output.data, tolerance);
    const found = gradients(y, [x, weight, bias], put(one.upstream));
    for (const [index, name] of (['x', 'weight', 'bias'] as const).entries()) {
      expectClose(`gradient of ${name}`, found[index].data(), one.gradients[name].data, tolerance);
    }
  });

  test.each(golden.embedding)('embedding, $name', (one) => {
    const table = put(one.weight).track();
    const y = embedding(table, putIds(one.ids));
    expect(y.shape).toEqual(one.output.shape);
    expectClose('output', y.data(), one.output.data, tolerance);
    expectClose('gradient', gradients(y, [table], put(one.upstream))[0].data(), one.gradient.data, tolerance);
  });
});
