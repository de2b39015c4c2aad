import { describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { gradients } from '../autodiff/gradients.ts';
import { watchedBackend } from '../backend/conformance/later-backend.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { createDevice } from './create-device.ts';
import * as ops from './index.ts';

const { backend, nothingRead } = watchedBackend(referenceBackend({ float: 'float64' }));
const device = createDevice(backend);

function random(shape: Shape, seed = 1, low = -2, high = 2): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => low + (high - low) * source.uniform()),
    shape,
  );
}

/** A weighted sum, so that every output has a gradient of its own. */
function weigh(y: Tensor): Tensor {
  return ops.sum(ops.mul(y, random(y.shape, 99)));
}

async function check(inputs: Tensor[], f: (inputs: readonly Tensor[]) => Tensor): Promise<void> {
  expect(await gradientError(inputs, (x) => weigh(f(x)))).toBeLessThan(1e-6);
  // On a device that answers only later, too: neither the operation nor its gradient reads in order to go on.
  const leaves = inputs.map((input) => input.track());
  nothingRead(() => gradients(weigh(f(leaves)), leaves));
}

describe('the gradient of every operation agrees with central differences', () => {
  const unary = [
    'neg',
    'exp',
    'abs',
    'square',
    'tanh',
    'sigmoid',
    'relu',
    'softplus',
    'sign',
    'gelu',
    'geluTanh',
    'silu',
  ] as const;
  test.each(unary)('%s', (name) => check([random([3, 4])], ([x]) => ops[name](x)));
  test.each(['log', 'sqrt', 'reciprocal'] as const)('%s', (name) =>
    check([random([3, 4], 1, 0.5, 3)], ([x]) => ops[name](x)),
  );

  const pairs: [Shape, Shape][] = [
    [
      [3, 4],
      [3, 4],
    ],
    [[3, 4], [4]],
    [
      [2, 1, 4],
      [3, 1],
    ],
    [[], [2, 3]],
    [[5], [1]],
  ];
  for (const name of ['add', 'sub', 'mul', 'div', 'minimum', 'maximum'] as const) {
    test.each(pairs)(`${name} %j %j`, (a, b) => check([random(a), random(b, 2, 0.5, 3)], ([x, y]) => ops[name](x, y)));
  }
  test('operations with a number', () => check([random([3])], ([x]) => ops.div(ops.sub(3, ops.mul(x, 2)), 7)));
  test('maximum gives each side half where both are equal', () => {
    const a = random([3]).track();
    const b = a.detach().track();
    const [da, db] = gradients(ops.sum(ops.maximum(a, b)), [a, b]);
    expect([...da.data(), ...db.data()]).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  });
  test('select', async () => {
    const condition = device.tensor([1, 0, 1, 0]);
    await check([random([3, 4]), random([4], 2)], ([a, b]) => ops.select(condition, a, b));
  });

  test('reshape', () => check([random([2, 6])], ([x]) => ops.reshape(x, [3, -1])));
  test.each([[[2, 0, 1]], [[0, 2, 1]], [[2, 1, 0]]])('transpose %j', (order) =>
    check([random([2, 3, 4])], ([x]) => ops.transpose(x, order)),
  );
  test.each([0, 1, 2])('slice along axis %i', (axis) => check([random([3, 4, 5])], ([x]) => ops.slice(x, axis, 1, -1)));
  test('at', () => check([random([3, 4])], ([x]) => ops.at(x, -1)));
  test.each([0, 1, -1])('concat along axis %i', (axis) =>
    check([random([2, 3]), random([2, 3], 2)], ([a, b]) => ops.concat([a, b, a], axis)),
  );
  test('stack and unstack', () => check([random([3, 2])], ([x]) => ops.stack([...ops.unstack(x)].reverse())));
  test('unstack with a part that is not used', () => check([random([3, 2])], ([x]) => ops.unstack(x)[1]));
  test.each([0, 1])('flip axis %i', (axis) => check([random([3, 4])], ([x]) => ops.flip(x, axis)));
  test('broadcastTo', () => check([random([2, 1, 3])], ([x]) => ops.broadcastTo(x, [4, 2, 5, 3])));

  for (const name of ['sum', 'mean', 'max', 'min'] as const) {
    test.each([[undefined], [0], [[0, 2]], [[1, 2]], [-1]])(`${name} over %j`, (axes) =>
      check([random([2, 3, 4])], ([x]) => ops[name](x, { axes })),
    );
    test(`${name} keeping dimensions`, () =>
      check([random([2, 3])], ([x]) => ops.mul(x, ops[name](x, { axes: 1, keepDims: true }))));
  }
  test('scale', () => check([random([3])], ([x]) => ops.scale(x, -2.5)));

  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const shape = (rows: number, columns: number, transposed: boolean): number[] =>
        transposed ? [columns, rows] : [rows, columns];
      const a = shape(3, 4, transposeA);
      const b = shape(4, 5, transposeB);
      const options = { transposeA, transposeB };
      const f = ([x, y]: readonly Tensor[]): Tensor => ops.matmul(x, y, options);
      test(`matmul ${JSON.stringify(options)}`, () => check([random(a), random(b, 2)], f));
      test(`batched matmul ${JSON.stringify(options)}`, () => check([random([2, ...a]), random([2, ...b], 2)], f));
      test(`matmul with one right side ${JSON.stringify(options)}`, () =>
        check([random([2, 3, ...a]), random(b, 2)], f));
      test(`matmul with one left side ${JSON.stringify(options)}`, () => check([random(a), random([2, ...b], 2)], f));
    }
  }
  test('linear', () =>
    check([random([2, 3, 4]), random([5, 4], 2), random([5], 3)], ([x, w, b]) => ops.linear(x, w, b)));
  test('linear without bias', () => check([random([3, 4]), random([5, 4], 2)], ([x, w]) => ops.linear(x, w)));

  test('softmax', () => check([random([3, 5])], ([x]) => ops.softmax(x)));
  test('logSoftmax', () => check([random([3, 5])], ([x]) => ops.logSoftmax(x)));
  test('logSumExp', () => check([random([2, 3, 5])], ([x]) => ops.logSumExp(x)));
  test('crossEntropy, with a position that asks for no loss', () =>
    check([random([2, 3, 5])], ([x]) => ops.crossEntropy(x, device.ids([0, 4, 2, -1, 1, 3], [2, 3]))));
  test('embedding with repeated ids', () =>
    check([random([5, 3])], ([table]) => ops.embedding(table, device.ids([1, 4, 1, 0], [2, 2]))));
  test('dropout', () => check([random([20])], ([x]) => ops.dropout(x, 0.3, new Random(5))));
  test('relu6', () => check([random([3, 4], 1, -3, 9)], ([x]) => ops.relu6(x)));
  const convolutions = [
    [[2, 5, 4, 3], [4, 3, 3, 3], { padding: 'same', activation: 'relu' }],
    [
      [1, 6, 5, 2],
      [3, 2, 2, 3],
      {
        stride: [2, 1],
        dilation: [2, 1],
        padding: [
          [1, 0],
          [2, 1],
        ],
      },
    ],
    [[1, 5, 5, 4], [8, 1, 3, 3], { groups: 4, stride: 2, padding: 1, activation: 'relu6' }],
    [[1, 4, 4, 4], [2, 2, 1, 1], { groups: 2 }],
  ] as const;
  test.each(convolutions)('conv2d %j %j %j', async (input, weight, options) => {
    await check([random(input), random(weight, 2), random([weight[0]], 3)], ([x, w, b]) =>
      ops.conv2d(x, w, b, options),
    );
    await check([random(input), random(weight, 2)], ([x, w]) => ops.conv2d(x, w, null, options));
    const others = [random(input), random(weight, 2), random([weight[0]], 3)];
    await check([...others, random([weight[0]], 4)], ([x, w, b, scale]) => ops.conv2d(x, w, b, { ...options, scale }));
    await check([others[2]], ([b]) => ops.conv2d(others[0], others[1], b, options));
  });
  test.each(['valid', 'same', 'causal', 2, [1, 0]] as const)('conv1d with padding %j', (padding) =>
    check([random([6, 2, 3]), random([4, 3, 3], 2), random([4], 3)], ([x, w, b]) =>
      ops.conv1d(x, w, b, { padding, stride: 2, dilation: padding === 'valid' ? 2 : 1 }),
    ),
  );
  test('convTranspose2d', () =>
    check([random([2, 3, 2, 4]), random([4, 3, 3, 2], 2), random([6], 3)], ([x, w, b]) =>
      ops.convTranspose2d(x, w, b, { stride: 2, padding: 1, outputPadding: [1, 0], groups: 2 }),
    ));
  test('maxPool2d', () =>
    check([random([2, 5, 4, 3])], ([x]) => ops.maxPool2d(x, { kernel: 3, stride: [2, 1], padding: 1 })));
  test.each([true, false])('averagePool2d, padding counted: %j', (countPadding) =>
    check([random([2, 5, 4, 3])], ([x]) =>
      ops.averagePool2d(x, { kernel: [3, 2], padding: 1, ceil: true, countPadding }),
    ),
  );
  test('globalAveragePool', () => check([random([2, 3, 4, 5])], ([x]) => ops.globalAveragePool(x)));
  test('globalMaxPool', () => check([random([2, 3, 4, 5])], ([x]) => ops.globalMaxPool(x)));
  test('pad', () =>
    check([random([2, 3, 4])], ([x]) =>
      ops.pad(
        x,
        [
          [1, 0],
          [0, 2],
          [1, 1],
        ],
        3,
      ),
    ));
  test.each(ops.resizeMethods)('resize, %s', (method) =>
    check([random([2, 3, 4, 2])], ([x]) => ops.resize(x, [5, 2], { method })),
  );
  test('dropoutChannels', () => check([random([2, 3, 5])], ([x]) => ops.dropoutChannels(x, 0.4, new Random(5))));
  test.each(['none', 'relu', 'relu6'] as const)('batchNorm with %s', async (activation) => {
    const options = { activation, epsilon: 0.1 };
    await check(
      [random([2, 3, 4]), random([4], 2, 3, 6), random([4], 3)],
      ([x, g, b]) => ops.batchNorm(x, g, b, options).y,
    );
    await check([random([5, 4])], ([x]) => ops.batchNorm(x, null, null, options).y);
  });
  test.each(['relu', 'relu6'] as const)('addActivated with %s', (activation) =>
    check([random([2, 3, 4], 1), random([2, 3, 4], 2, -4, 8)], ([a, b]) => ops.addActivated(a, b, activation)),
  );
  test('batchNormAffine', () =>
    check([random([4], 1, 3), random([4], 2), random([4], 3), ops.square(random([4], 4))], ([g, b, m, v]) => {
      const { scale, shift } = ops.batchNormAffine(g, b, m, v, 0.1);
      return ops.add(ops.mul(scale, 2), ops.square(shift));
    }));
  test('layerNorm', () =>
    check([random([3, 4]), random([4], 2), random([4], 3)], ([x, g, b]) => ops.layerNorm(x, g, b)));
  test('attention', () =>
    check([random([2, 3, 8]), random([2, 5, 4], 2), random([2, 5, 6], 3)], ([q, k, v]) =>
      ops.attention(q, k, v, { heads: 4, groups: 2, causal: true, lengths: [5, 2] }),
    ));
  test('rotary', () => {
    const angles = ops.rotaryAngles(device, [[3, 4, 9]], 4);
    return check([random([2, 3, 8])], ([x]) => ops.rotary(x, angles, 2));
  });
  test('rmsNorm', () => check([random([3, 4]), random([4], 2)], ([x, g]) => ops.rmsNorm(x, g)));
  test('layerNorm without gain and bias', () => check([random([3, 4])], ([x]) => ops.layerNorm(x)));
});

describe('recompute', () => {
  const part = ([a, b]: readonly Tensor[]): Tensor[] => [ops.tanh(ops.matmul(a, b)), ops.mul(a, 2)];
  const inputs = (): Tensor[] => [random([2, 3]), random([3, 4], 2)];

  test('gives what its part gives, with the same gradient', async () => {
    const of = (f: typeof ops.recompute) => (x: readonly Tensor[]) => {
      const [y, z] = f(x, part);
      return ops.add(weigh(y), weigh(z));
    };
    expect(await gradientError(inputs(), of(ops.recompute))).toBeLessThan(1e-6);
    const leaves = inputs().map((x) => x.track());
    const [direct, again] = [(x: readonly Tensor[]) => part(x), ops.recompute].map((f) => {
      const loss = of(f)(leaves);
      return [loss, ...gradients(loss, leaves)].map((x) => [...x.data()]);
    });
    expect(again).toEqual(direct);
  });

  test('takes the gradient where only one output is used, and of tracked inputs only', async () => {
    await check([random([2, 3])], ([a]) => ops.recompute([a, random([3, 4], 2)], part)[0]);
    await check([random([2, 3])], ([a]) => ops.recompute([a, random([3, 4], 2).track()], part)[1]);
  });

  test('keeps nothing of what is computed on the way', () => {
    const [x] = [random([1, 1000]).track()];
    const deep = ([a]: readonly Tensor[]): Tensor[] => [Array.from({ length: 50 }).reduce<Tensor>(ops.tanh, a)];
    const before = device.memory().bytes;
    const kept = device.scope(() => {
      ops.recompute([x], deep);
      return device.memory().bytes - before;
    });
    expect(kept).toBeLessThan(3 * 8000);
  });
});

describe.each([1, 2, 5, 9])('recompute in parts of %d steps', (size) => {
  const part = ([a, b]: readonly Tensor[]): Tensor[] => [ops.tanh(ops.matmul(a, b)), ops.mul(a, 2)];
  const [xs, shared] = [random([5, 3]), random([3, 4], 2)];

  test('gives what its part gives of all of them, with the same gradient', async () => {
    const whole = part([xs, shared]);
    ops.recomputeInParts(xs, [shared], size, part).forEach((output, i) => {
      expect(output.toArray()).toEqual(whole[i].toArray());
    });
    for (const output of [0, 1]) {
      await check([xs, shared], ([a, b]) => ops.recomputeInParts(a, [b], size, part)[output]);
    }
    await check([xs], ([a]) => ops.recomputeInParts(a, [shared], size, part)[0]);
    await check([shared], ([b]) => ops.recomputeInParts(xs, [b], size, part)[0]);
  });
});

describe('recording', () => {
  test('a tensor used several times gets the sum of its gradients', () =>
    check([random([3])], ([x]) => ops.add(ops.mul(x, x), ops.add(x, ops.mul(ops.tanh(x), x)))));
  test('methods and functions are the same', () => {
    const x = random([2, 3]);
    expect(x.matmul(x, { transposeB: true }).tanh().sum().item()).toBe(
      ops.sum(ops.tanh(ops.matmul(x, x, { transposeB: true }))).item(),
    );
  });
  test('a source the loss does not depend on gets zeros', () => {
    const [a, b] = [random([2]).track(), random([2]).track()];
    expect([...gradients(ops.sum(a), [a, b])[1].data()]).toEqual([0, 0]);
  });
  test('a graph is differentiated once', () => {
    const x = random([2]).track();
    const loss = ops.sum(ops.tanh(x));
    gradients(loss, [x]);
    expect(() => gradients(loss, [x])).toThrow(/already differentiated/);
  });
  test('nothing is recorded without gradients, nor through detach', () => {
    const x = random([2]).track();
    expect(device.withoutGradients(() => ops.tanh(x)).tracked).toBe(false);
    expect(ops.tanh(x.detach()).tracked).toBe(false);
  });
  test('a loss that is not one number needs a seed', () => {
    const x = random([2]).track();
    expect(() => gradients(ops.tanh(x), [x])).toThrow('shape [2], not one number');
    expect([...gradients(ops.mul(x, 3), [x], device.ones([2]))[0].data()]).toEqual([3, 3]);
  });
});
