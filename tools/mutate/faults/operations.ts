import { type FaultGroup, faultsIn } from '../fault.ts';

const ops = 'packages/unrolled/src/ops';
const tests = [
  `${ops}/gradients.test.ts`,
  `${ops}/known-values.test.ts`,
  `${ops}/movement.test.ts`,
  'test/operations.test.ts',
];

/** Gradients of operations, and the walk back through the recording. */
export const operations: FaultGroup = {
  name: 'operations',
  faults: [
    ...faultsIn(`${ops}/elementwise.ts`, tests, [
      ['add: (_a, _b, dy) => [() => dy, () => dy]', 'add: (_a, _b, dy) => [() => dy, () => neg(dy)]'],
      ['sub: (_a, _b, dy) => [() => dy, () => neg(dy)]', 'sub: (_a, _b, dy) => [() => dy, () => dy]'],
      [
        'mul: (a, b, dy) => [() => mul(dy, b), () => mul(dy, a)]',
        'mul: (a, b, dy) => [() => mul(dy, b), () => mul(dy, b)]',
      ],
      ['div: (a, b, dy) => [() => div(dy, b)', 'div: (a, b, dy) => [() => mul(dy, b)'],
      ['neg(div(mul(dy, a), square(b)))', 'neg(div(mul(dy, a), b))'],
      [
        'max: (a, b, dy) => [() => mul(dy, half(greater(a, b), equal(a, b)))',
        'max: (a, b, dy) => [() => mul(dy, half(less(a, b), equal(a, b)))',
      ],
      [
        'min: (a, b, dy) => [() => mul(dy, half(less(a, b), equal(a, b)))',
        'min: (a, b, dy) => [() => mul(dy, less(a, b))',
      ],
      ['add(strict, mul(tie, 0.5))', 'add(strict, tie)'],
      ['wanted[0] ? sumToShape(rule[0](), a.shape) : null', 'wanted[0] ? sumToShape(rule[1](), a.shape) : null'],
      ['wanted[1] ? part(dy!, zero) : null', 'wanted[1] ? part(zero, dy!) : null'],
      ['wanted[2] ? part(zero, dy!) : null', 'wanted[2] ? dy! : null'],
    ]),
    ...faultsIn(`${ops}/reduction.ts`, tests, [
      [
        "if (operation === 'sum') return [repeatInto(dy!, dx)];",
        "if (operation !== 'max') return [repeatInto(dy!, dx)];",
      ],
      ["backend.binary('div', chosen, count, share);", "backend.binary('mul', chosen, count, share);"],
      ["backend.binary('equal', x, y, chosen);", "backend.binary('greaterEqual', x, y, chosen);"],
      ['const indices = [...new Set(', 'const indices = [...new Array('],
      [
        'while (sorted[0] === first - 1) first = sorted.shift()!;',
        'while (sorted[0] < first) first = sorted.shift()!;',
      ],
      ['return scale(total, total.size / x.size);', 'return scale(total, 1 / x.size);'],
      ['[scale(dy!, factor)]', '[scale(dy!, 1 / factor)]'],
      ['axis < shift || shape[axis - shift] !== x.shape[axis]', 'axis < shift || shape[axis] !== x.shape[axis]'],
    ]),
    ...faultsIn(`${ops}/product.ts`, tests, [
      [
        'product(b, dy!, { transposeA: transposeB, transposeB: true }',
        'product(b, dy!, { transposeA: !transposeB, transposeB: true }',
      ],
      ['{ transposeA: false, transposeB: !transposeB }', '{ transposeA: false, transposeB: true }'],
      ['{ transposeA: true, transposeB: transposeA }', '{ transposeA: true, transposeB: false }'],
      ['{ transposeA: !transposeA, transposeB: false }', '{ transposeA: true, transposeB: false }'],
      ['b.rank === 2 && a.rank > 2 ? [fold(a), fold(dy!)] : [a, dy!]', '[a, dy!]'],
      ["backend.reduce('sum', dy!, dBias, 1, rows, out)", "backend.reduce('max', dy!, dBias, 1, rows, out)"],
      ['m: rows, k: out, n: features, transposeA: false', 'm: rows, k: features, n: out, transposeA: false'],
    ]),
    ...faultsIn(`${ops}/movement.ts`, tests, [
      ['const inverse = order.map((_, axis) => order.indexOf(axis));', 'const inverse = order;'],
      [
        'const dx = device.zeros(x.shape);\n    device.backend.stridedCopy(dy!',
        'const dx = device.empty(x.shape);\n    device.backend.stridedCopy(dy!',
      ],
      ['if (sizeOf(x.shape.slice(0, slice.axis)) === 1)', 'if (slice.axis <= 1)'],
      ['slice(dy!, axis, start, position) : null', 'slice(dy!, axis, 0, x.shape[axis]) : null'],
      [
        'const dx = device.zeros(x.shape);\n    const inner = x.shape.slice(1);',
        'const dx = device.empty(x.shape);\n    const inner = x.shape.slice(1);',
      ],
      [
        'backward: ({ options: axis, gradients: [dy] }) => [apply(flipOperation, [dy!], axis)]',
        'backward: ({ gradients: [dy] }) => [dy!]',
      ],
      [
        'backward: ({ inputs: [x], gradients: [dy] }) => [sumToShape(dy!, x.shape)]',
        'backward: ({ inputs: [x], gradients: [dy] }) => [x.size === dy!.size ? dy! : x.device.zeros(x.shape)]',
      ],
      ['(x.shape[axis] - 1) * strides[axis]', 'x.shape[axis] * strides[axis] - 1'],
    ]),
    ...faultsIn(`${ops}/rows.ts`, tests, [
      ['[mul(softmax(x), dy!.view([...dy!.shape, 1]))]', '[softmax(x)]'],
      ['device.backend.softmaxGrad(y, dy!, dx', 'device.backend.logSoftmaxGrad(y, dy!, dx'],
      [
        'device.backend.crossEntropyGrad(logits, targets, saved, dLosses!',
        'device.backend.crossEntropyGrad(logits, targets, saved, saved',
      ],
    ]),
    ...faultsIn(`${ops}/embedding.ts`, tests, [
      ['const dTable = device.zeros(table.shape);', 'const dTable = device.full(table.shape, 1e-3);'],
    ]),
    ...faultsIn(`${ops}/layer-norm.ts`, tests, [['return [dx, dGain, dBias];', 'return [dx, dBias, dGain];']]),
    ...faultsIn(
      `${ops}/dropout.ts`,
      ['packages/unrolled/src/nn/layers.test.ts', ...tests],
      [
        [
          '[apply(dropoutOperation, [dy!], options)]',
          '[apply(dropoutOperation, [dy!], { ...options, seed: options.seed + 1 })]',
        ],
        ['{ rate, seed: random.bits() }', '{ rate, seed: 1 }'],
      ],
    ),
    ...faultsIn(
      `${ops}/recompute.ts`,
      ['packages/unrolled/src/autodiff/gradients.test.ts', 'packages/unrolled/src/nn/attention.test.ts', ...tests],
      [
        ['device.backend.axpy(1, gradient, total);', 'device.backend.copy(gradient, total);'],
        ['[sum(mul(output, gradients[index]))]', '[sum(output)]'],
        ['whole.view(output.shape, offset)', 'whole.view(output.shape, 0)'],
        ['totals[0]!.view(of.shape, from * (of.size / steps))', 'totals[0]!.view(of.shape, 0)'],
      ],
    ),
    ...faultsIn(
      'packages/unrolled/src/autodiff/gradients.ts',
      ['packages/unrolled/src/autodiff/gradients.test.ts', ...tests],
      [
        ['return { tensor: total, own: true };', 'return { tensor: gradient, own: false };'],
        ['if (slot.own) {', 'if (true) {'],
        ['.sort((a, b) => b.order - a.order)', '.sort((a, b) => a.order - b.order)'],
        ['if (sources.has(tensor)) leaves.set(tensor, sum(leaves.get(tensor), gradient));\n    };', '};'],
        [
          'slots[tensor.origin.output] = sum(slots[tensor.origin.output], gradient)',
          'slots[tensor.origin.output] = { tensor: gradient, own: false }',
        ],
      ],
    ),
  ],
};
