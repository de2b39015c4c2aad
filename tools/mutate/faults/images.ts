import { type FaultGroup, faultsIn } from '../fault.ts';

const backend = 'packages/unrolled/src/backend';
const ops = 'packages/unrolled/src/ops';
const conformance = [`${backend}/conformance.test.ts`];
const composed = [`${backend}/composed/conformance.test.ts`, ...conformance];
const tests = [`${ops}/images.test.ts`, `${ops}/gradients.test.ts`];

/** Convolution, pooling and batch norm: the operations, the kernels, and the same composed. */
export const images: FaultGroup = {
  name: 'images',
  faults: [
    ...faultsIn(`${ops}/convolution.ts`, tests, [
      ['backend.unaryGrad(activation, y, y, dy!, given);', 'backend.copy(dy!, given);'],
      ['const d = scale === null ? given : product(given, scale, device);', 'const d = given;'],
      ['sumChannels(given, dBias, device);', 'sumChannels(d, dBias, device);'],
      ['[covered - 1, 0],', '[covered - 2, 1],'],
      ['covered - before - after + extra[axis]', 'covered - before - after'],
    ]),
    ...faultsIn(`${ops}/window.ts`, tests, [
      [
        'return [Math.floor(total / 2), Math.ceil(total / 2)];',
        'return [Math.ceil(total / 2), Math.floor(total / 2)];',
      ],
      ['>= size[axis] + before ? outputs - 1 : outputs', '>= size[axis] + before ? outputs : outputs'],
      ['(kernel - 1) * dilation + 1', 'kernel * dilation'],
    ]),
    ...faultsIn(`${ops}/resize.ts`, tests, [
      ['((i + 0.5) * from) / to - 0.5', '(i * from) / to'],
      ['values[i * from + low] += 1 - share;', 'values[i * from + low] += 1;'],
    ]),
    ...faultsIn(`${ops}/dropout.ts`, tests, [['axis === 0 || axis === x.rank - 1', 'axis === x.rank - 1']]),
    ...faultsIn('packages/kernels/assembly/batch-norm.ts', conformance, [
      [
        'squares += <f64>load<f32>(p + bytes(channels)) + distance * distance * (<f64>done * share);',
        'squares += <f64>load<f32>(p + bytes(channels));',
      ],
      ['mu += distance * share;', 'mu += distance;'],
      ['? v128.and(dy, f32x4.lt(v, f32x4.splat(6))) : dy;', '? dy : dy;'],
      ['<f32>(-f * sum / <f64>rows)', '<f32>(-f * sum)'],
      ['if (dGain) store<f32>(dGain + at, <f32>(dot * inverse));', 'if (dGain) store<f32>(dGain + at, <f32>dot);'],
    ]),
    ...faultsIn('packages/kernels/assembly/pool.ts', conformance, [
      ['v128.andnot(f32x4.eq(result, result), f32x4.le(v, result))', 'f32x4.ge(v, result)'],
      ['return start >= 0 ? 0 : (dilation - 1 - start) / dilation;', 'return 0;'],
      ['i32x4.splat((row % H) * W + column)', 'i32x4.splat(row * W + column)'],
      ['if (countPadding) return <f32>(kh * kw);', 'if (countPadding) return <f32>kh;'],
    ]),
    ...faultsIn(`${backend}/composed/convolution.ts`, composed, [
      ['w.select(better, values, best, shape)', 'w.select(better, best, values, shape)'],
      ['values / (values - 1)', '1'],
      ['w.mul(running, 1 - momentum)', 'running'],
      ['return countPadding ? taps.length : Math.max(1, seen);', 'return Math.max(1, seen);'],
      ['start: (rows.first * W + columns.first) * C,', 'start: (rows.first * W + columns.first) * share,'],
      [
        'const to = { start: tap.index, strides: [share * kh * kw, kh * kw] };',
        'const to = { start: 0, strides: [share * kh * kw, kh * kw] };',
      ],
    ]),
  ],
};
