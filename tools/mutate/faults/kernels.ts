import { type FaultGroup, faultsIn } from '../fault.ts';

const assembly = 'packages/kernels/assembly';
const test = (name: string): string => `packages/kernels/test/${name}.test.ts`;
const conformance = 'packages/unrolled/src/backend/conformance.test.ts';

/** The compiled kernels. */
export const kernels: FaultGroup = {
  name: 'kernels',
  faults: [
    ...faultsIn(
      `${assembly}/lstm.ts`,
      [test('cells'), conformance],
      [
        [
          'f32x4.mul(f32x4.mul(dState, read(cPrev, count)), sigmoidSlope(f))',
          'f32x4.mul(f32x4.mul(dState, read(c, count)), sigmoidSlope(f))',
        ],
        ['write(dc, f32x4.mul(dState, f), count);', 'write(dc, dState, count);'],
        [
          'madd(f32x4.mul(d, o), tanhSlope(y), read(dc, count))',
          'madd(f32x4.mul(d, o), tanhSlope(g), read(dc, count))',
        ],
        ['if (lengths) memory.fill(carry, 0, size);', 'if (lengths) memory.copy(carry, dh, size);'],
        ['memory.copy(c, cPrev, size);', 'memory.fill(c, 0, size);'],
        [
          'forwardUnits(gates + whole, size, cPrev + whole, c + whole, h + whole, rest)',
          'forwardUnits(gates + whole, size, cPrev, c + whole, h + whole, rest)',
        ],
      ],
    ),
    ...faultsIn(
      `${assembly}/gru.ts`,
      [test('cells'), conformance],
      [
        ['v128.bitselect(f32x4.sub(hPrev, n), f32x4.sub(n, hPrev), kept)', 'f32x4.sub(hPrev, n)'],
        [
          'const dn = f32x4.mul(f32x4.mul(d, share(z, v128.not(kept))), tanhSlope(n));',
          'const dn = f32x4.mul(f32x4.mul(d, share(z, kept)), tanhSlope(n));',
        ],
        ['write(hn, f32x4.mul(dn, r), count);', 'write(hn, dn, count);'],
        ['memory.copy(carry, dh, size);', 'memory.fill(carry, 0, size);'],
      ],
    ),
    ...faultsIn(
      `${assembly}/gru-before.ts`,
      [test('cells'), conformance],
      [
        [
          'write(carry + at, madd(d, r, read(carry + at, count)), count);',
          'write(carry + at, f32x4.mul(d, r), count);',
        ],
        ['f32x4.mul(f32x4.mul(d, read(hPrev + at, count)), sigmoidSlope(r))', 'f32x4.mul(d, sigmoidSlope(r))'],
      ],
    ),
    ...faultsIn(
      `${assembly}/rnn.ts`,
      [test('cells'), conformance],
      [
        ['else memory.copy(h, hPrev, size);', 'else memory.fill(h, 0, size);'],
        ['memory.fill(dPre, 0, size);', 'memory.copy(dPre, dh, size);'],
      ],
    ),
    ...faultsIn(
      `${assembly}/step.ts`,
      [test('cells'), conformance],
      [
        ['t < load<i32>(lengths + bytes(row))', 't <= load<i32>(lengths + bytes(row))'],
        ['f32x4.mul(s, f32x4.sub(f32x4.splat(1), s))', 'f32x4.sub(f32x4.splat(1), s)'],
      ],
    ),
    ...faultsIn(
      `${assembly}/elementwise.ts`,
      [test('elementwise'), conformance],
      [
        ['f32x4.mul(dy, f32x4.sub(one, f32x4.mul(value, value)))', 'f32x4.mul(dy, f32x4.sub(one, value))'],
        ['f32x4.neg(f32x4.mul(dy, f32x4.mul(value, value)))', 'f32x4.mul(dy, f32x4.mul(value, value))'],
        ['f32x4.div(f32x4.mul(dy, f32x4.splat(0.5)), read(y, count))', 'f32x4.div(dy, read(y, count))'],
        [
          'v128.and(dy, f32x4.gt(read(y, count), f32x4.splat(0)))',
          'v128.and(dy, f32x4.ge(read(y, count), f32x4.splat(0)))',
        ],
        ['f32x4.mul(dy, sigmoid4(read(x, count)))', 'f32x4.mul(dy, sigmoid4(read(y, count)))'],
        ['write(y, f32x4.add(read(y, n), f32x4.mul(a, read(x, n))), n)', 'write(y, f32x4.mul(a, read(x, n)), n)'],
        ['f32x4.ne(condition, f32x4.splat(0))', 'f32x4.gt(condition, f32x4.splat(0))'],
      ],
    ),
    ...faultsIn(
      `${assembly}/softmax.ts`,
      [test('softmax'), conformance],
      [
        [
          'f32x4.sub(read(dy, count), f32x4.mul(exp4(read(y, count)), s))',
          'f32x4.sub(read(dy, count), f32x4.mul(read(y, count), s))',
        ],
        ['f32x4.mul(read(y, count), f32x4.sub(read(dy, count), s))', 'f32x4.mul(read(y, count), read(dy, count))'],
        ['store<f32>(dLogits + bytes(own), scale * (p - 1));', 'store<f32>(dLogits + bytes(own), p - scale);'],
        [
          'if (target < 0) {\n      memory.fill(dLogits, 0, bytes(n));',
          'if (target < -1) {\n      memory.fill(dLogits, 0, bytes(n));',
        ],
        ['if (target >= 0) loss =', 'loss ='],
        ['keepPart(f32x4.sub(loadPart(x, rest), s), nothing, rest)', 'f32x4.sub(loadPart(x, rest), s)'],
      ],
    ),
    ...faultsIn(
      `${assembly}/layer-norm.ts`,
      [test('rows'), conformance],
      [
        ['f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(normal, meanGx))', 'f32x4.sub(g, f32x4.mul(normal, meanGx))'],
        ['if (rest < 4) d = keepPart(d, zero, rest);', ''],
        ['f32x4.add(read(dBias + at, count), d), count);\n      }\n      sumG', 'd, count);\n      }\n      sumG'],
        ['/ <f64>n + epsilon)', '/ <f64>(n - 1) + epsilon)'],
      ],
    ),
    ...faultsIn(
      `${assembly}/optimizer.ts`,
      [test('optimizer'), conformance],
      [
        ['f32x4.max(f32x4.min(d, clip), f32x4.neg(clip))', 'f32x4.min(d, clip)'],
        ['d = nesterov ? madd(m, v, d) : v;', 'd = nesterov ? madd(m, d, v) : v;'],
        [
          'f32x4.div(f32x4.mul(rate, d), f32x4.add(f32x4.sqrt(sum), e))',
          'f32x4.div(f32x4.mul(rate, d), f32x4.sqrt(f32x4.add(sum, e)))',
        ],
        ['splat(decoupled ? 1 - lr * decay : 1)', 'splat(decoupled ? 1 - decay : 1)'],
        ['root = splat(1 / sqrt<f64>(correction2))', 'root = splat(1 / correction2)'],
        ['const rate = splat(lr / correction1), b1', 'const rate = splat(lr), b1'],
      ],
    ),
    ...faultsIn(
      `${assembly}/reduce.ts`,
      [test('reduce'), conformance],
      [
        [
          'if (n > 0) m = f32x4.max(m, keepPart(loadPart(x, n), lowest, n));',
          'if (n > 0) m = f32x4.max(m, loadPart(x, n));',
        ],
        ['if (!(v <= best)) {', 'if (!(v < best)) {'],
        ['s1 = f64x2.add(s1, f64x2.mul(b, b));', 's1 = f64x2.add(s1, b);'],
        ['for (; n > 0; n -= BLOCK, x += BLOCK * 4) total', 'for (; n > 0; n -= BLOCK) total'],
      ],
    ),
    ...faultsIn(
      `${assembly}/columns.ts`,
      [test('reduce'), conformance],
      [
        ['if (accumulate) v = f32x4.add(loadPart(out, columns), v);', ''],
        ['t15 = f64x2.add(t15, highDoubles(s7));', 't15 = f64x2.add(t15, lowDoubles(s7));'],
      ],
    ),
    ...faultsIn(
      `${assembly}/gemm.ts`,
      [test('gemm'), conformance],
      [
        ['const add = accumulate | i32(start > 0);', 'const add = accumulate;'],
        ['return transposedA ? min(m, BAND) * roundUp(min(k, BLOCK)) : 0;', 'return 0;'],
        ['for (; n > 24; n -= 32, b += 4 * panel, c += 128)', 'for (; n > 16; n -= 32, b += 4 * panel, c += 128)'],
      ],
    ),
    ...faultsIn(
      `${assembly}/tile.ts`,
      [test('gemm'), conformance],
      [
        ['if (add) v1 = f32x4.add(loadPart(c + 16, columns - 4), v1);', ''],
        ['c31 = madd(x, b1, c31);\n      a3 += 4;', 'c31 = madd(x, b0, c31);\n      a3 += 4;'],
      ],
    ),
    ...faultsIn(
      `${assembly}/scan.ts`,
      [test('scan'), conformance],
      [
        ['const t = reverse ? steps - 1 - s : s;', 'const t = s;'],
        ['const slot = (t + load<i32>(place, 8)) % load<i32>(place, 4);', 'const slot = t % load<i32>(place, 4);'],
        ['else fill(po, load<f32>(pa), n);', 'else fill(po, 0, n);'],
      ],
    ),
    ...faultsIn(
      `${assembly}/lookup.ts`,
      [test('rows'), conformance],
      [['axpy(1, dOut, dTable', 'axpy(2, dOut, dTable']],
    ),
    ...faultsIn(
      `${assembly}/dropout.ts`,
      [test('rows'), conformance],
      [
        ['<f32>(1 / (1 - rate))', '<f32>(1)'],
        ['let index = indexOffset;', 'let index = 0;'],
      ],
    ),
    ...faultsIn(
      `${assembly}/attention.ts`,
      [conformance, 'packages/unrolled/src/ops/attention.test.ts'],
      [
        ['min(keys, limit + i)', 'min(keys, limit + i + 1)'],
        ['store<f32>(total, load<f32>(total) * f32x4.extract_lane(correction, 0));', ''],
        ['if (length) keys = min(keys, load<i32>(length));\n  for', 'for'],
        ['rate, index + (i + r) * stride + first);', 'rate, index + (i + r) * stride);'],
        ['f32x4.mul(f32x4.mul(p, f32x4.sub(d, own)), factor)', 'f32x4.mul(p, f32x4.sub(d, own))'],
      ],
    ),
    ...faultsIn(
      `${assembly}/attention-few.ts`,
      [conformance, 'packages/unrolled/src/ops/attention.test.ts'],
      [
        ['index + r * stride + first);', 'index + r * stride);'],
        ['visible(keys, limit, causal, i) - first', 'visible(keys, limit, causal, rows - 1) - first'],
        ['h * maskH + i * maskT + first', 'i * maskT + first'],
      ],
    ),
    ...faultsIn(
      `${assembly}/copy.ts`,
      [test('copy'), conformance],
      [
        ['if (n > 0) write(out, f32x4.add(read(out, n), read(x, n)), n);', 'if (n > 0) write(out, read(x, n), n);'],
        [
          'put(out + 2 * outStep, v128.shuffle<i64>(a1, a3, 0, 2), accumulate);',
          'put(out + 2 * outStep, v128.shuffle<i64>(a1, a3, 1, 3), accumulate);',
        ],
      ],
    ),
    ...faultsIn(
      `${assembly}/broadcast.ts`,
      [test('broadcast'), conformance],
      [
        ['a += bytes(aStride);\n    b += bytes(bStride);', 'a += bytes(aStride);\n    b += bytes(aStride);'],
        ['v128.store(out, apply(op, same, v128.load(b)));', 'v128.store(out, apply(op, v128.load(b), same));'],
      ],
    ),
  ],
};
