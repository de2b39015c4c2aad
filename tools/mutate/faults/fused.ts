import { type FaultGroup, faultsIn } from '../fault.ts';

const wasm = 'packages/unrolled/src/backend/wasm';
const composed = 'packages/unrolled/src/backend/composed';
const nn = 'packages/unrolled/src/nn';
const conformance = ['packages/unrolled/src/backend/conformance.test.ts'];
const switchedOff = [`${composed}/conformance.test.ts`];
const tests = [
  'packages/unrolled/src/backend/conformance.test.ts',
  'test/golden/recurrent.test.ts',
  `${nn}/unroll.test.ts`,
];

/** Recurrent layers as one operation: forward, backward through time, gradients of weights, threads. */
export const fused: FaultGroup = {
  name: 'fused operations, and the same composed',
  faults: [
    ...faultsIn(`${composed}/recurrent.ts`, switchedOff, [
      ['previous < 0 || previous >= this.T', 'previous < 0'],
      ["w.binary('less', w.positions(T, [T, 1])", "w.binary('lessEqual', w.positions(T, [T, 1])"],
      ['layer.during(w, t, found.dFromH, 0)', 'found.dFromH'],
      ['outer.put(candidate, layer.gatesFrom(dWeightHh, 2, 3));', ''],
      ['core.fill(dx, 0);', ''],
    ]),
    ...faultsIn(`${composed}/rows.ts`, switchedOff, [
      ["w.reduce('min', places, 1)", "w.reduce('max', places, 1)"],
      ['w.sub(largest, rows), 0', 'w.sub(largest, rows), 1'],
      ["w.binary('less', ids, 0), 0, known", "w.binary('less', ids, 1), 0, known"],
      ["w.unary('square', w.div(flat, unit))", "w.unary('square', flat)"],
    ]),
    ...faultsIn(`${composed}/optimize.ts`, switchedOff, [
      ['w.select(finite, after,', 'w.select(norm, after,'],
      ['w.add(reshaped(steps, [1]), finite)', 'w.add(reshaped(steps, [1]), 1)'],
    ]),
    ...faultsIn(`${composed}/scan.ts`, switchedOff, [['single ? 1 : width', 'width']]),
    ...faultsIn(`${wasm}/jobs/products.ts`, conformance, [
      ['if (stored !== ready) products.pack', 'if (ready === null) products.pack'],
      ['first * (p.transposeA ? 1 : k)', 'first * k'],
    ]),
    ...faultsIn(
      `${wasm}/jobs/rows.ts`,
      [`${wasm}/same-bits.test.ts`, ...conformance],
      [
        ['dy + side, ...sums', 'dy, ...sums'],
        ['p.dOut + from * 4, p.ids, p.dTable', 'p.dOut, p.ids, p.dTable'],
        [
          'p.out + from * p.inner * 4, count, p.n, p.inner);\n});\n\n/** Split between columns: the',
          'p.out, count, p.n, p.inner);\n});\n\n/** Split between columns: the',
        ],
      ],
    ),
    ...faultsIn(`${wasm}/jobs/recurrent-backward.ts`, tests, [
      ['kernels.scatterAdd(gates + from * 4, ids', 'kernels.scatterAdd(gates, ids'],
      ['kernels.fill(dx + (id * GH + from) * 4, 0, columns);', ''],
      [
        'if (layer.dh) kernels.axpy(1, layer.dh + at, dh, n);',
        'if (layer.dh) kernels.scaleInto(1, layer.dh + at, dh, n);',
      ],
      [
        'const hBefore = (s === 0 ? h0 : h + before * size) + own;',
        'const hBefore = (s === 0 ? h0 : h + t * size) + own;',
      ],
      [
        'const cBefore = (s === 0 ? c0 : c + before * size) + own;',
        'const cBefore = (s === 0 ? h0 : c + before * size) + own;',
      ],
      ['const t = layer.reverse ? T - 1 - s : s;', 'const t = s;'],
      [
        'if (layer.kind === Kind.lstm) begin(kernels, layer.dcFinal, own, dc, n);',
        'if (layer.kind === Kind.lstm) begin(kernels, 0, own, dc, n);',
      ],
      [
        'if (layer.dc0) kernels.scaleInto(1, dc, layer.dc0 + own, n);',
        'if (layer.dc0) kernels.scaleInto(1, dh, layer.dc0 + own, n);',
      ],
      ['products.multiply(extra, H, hn, next, H, rows, 1);\n      return;', 'return;'],
      [
        'products.multiply(gates + 2 * H * 4, GH, hn, drh, H, rows, 0);',
        'products.multiply(gates + 2 * H * 4, GH, hn, drh, H, rows, 1);',
      ],
      [
        'kernels.lstmBackward(gates, layer.c + first * H * 4, cBefore, dh, dc, next, rows, H, lengths, t);\n      products.multiply(gates, GH, hh, next, H, rows, lengths ? 1 : 0);',
        'kernels.lstmBackward(gates, layer.c + first * H * 4, cBefore, dh, dc, next, rows, H, lengths, t);\n      products.multiply(gates, GH, hh, next, H, rows, 0);',
      ],
      [
        'if (layer.dcTotal) kernels.scaleInto(1, dc, layer.dcTotal + at, n);',
        'if (layer.dcTotal) kernels.scaleInto(1, dh, layer.dcTotal + at, n);',
      ],
    ]),
    ...faultsIn(`${wasm}/jobs/recurrent-forward.ts`, tests, [
      ['if (biasHh && kind !== Kind.gruAfter)', 'if (biasHh && kind === Kind.lstm)'],
      ['multiply(extra, hn, pre + 2 * H * 4, 1);', 'multiply(hBefore, hn, pre + 2 * H * 4, 1);'],
      ['const before = layer.reverse ? t + 1 : t - 1;', 'const before = t - 1;'],
      ['const lengths = layer.lengths && layer.lengths + from * 4;', 'const lengths = layer.lengths;'],
      ['row < to; row += ROWS_AT_ONCE', 'row < to - 1; row += ROWS_AT_ONCE'],
    ]),
    ...faultsIn(`${wasm}/jobs/recurrent-weights.ts`, tests, [
      ['const others = layer.reverse ? h + B * H * 4 : h;', 'const others = h;'],
      ['const firstStep = layer.reverse ? (T - 1) * B : 0;', 'const firstStep = 0;'],
      ['rights.h, out, H, rows, 1, scratch)', 'rights.h, out, H, rows, 0, scratch)'],
      ['gates + start * 4, GH, rights.extra', 'gates + start * 4, GH, rights.h'],
    ]),
    ...faultsIn(
      'packages/unrolled/src/backend/reference/recurrent-grad.ts',
      ['packages/unrolled/src/backend/reference/recurrent.test.ts', ...tests],
      [
        ['dc[k] += dh[k] * o * (1 - tanhC * tanhC);', 'dc[k] += dh[k] * o * (1 - tanhC);'],
        ['if (!isActive(layer, t, b)) continue;', 'if (!isActive(layer, t, b)) break;'],
        ['dr = dFromX[2 * H + k] * extra![k];', 'dr = dFromX[2 * H + k] * hBefore[k];'],
        [
          "dFromX[H + k] = (cell.update === 'keep' ? dKeep : -dKeep) * z * (1 - z);",
          'dFromX[H + k] = dKeep * z * (1 - z);',
        ],
      ],
    ),
    ...faultsIn(
      `${nn}/unroll-recomputed.ts`,
      [`${nn}/unroll.test.ts`, `${nn}/truncation.test.ts`],
      [
        [
          'let dState: readonly (Tensor | null)[] = given.slice(1);',
          'let dState: readonly (Tensor | null)[] = given.slice(1).map(() => null);',
        ],
        ['device.backend.axpy(1, rest[parts + index], total);', 'device.backend.copy(rest[parts + index], total);'],
        ['Math.max(0, Math.min(length, to) - from)', 'Math.max(0, Math.min(length, to))'],
      ],
    ),
    ...faultsIn(
      `${nn}/cells/min.ts`,
      [`${nn}/cells/literature.test.ts`, `${nn}/unroll.test.ts`],
      [
        [
          '[a, b] = [select(active, a, 1), select(active, b, 0)];',
          '[a, b] = [select(active, a, 0), select(active, b, 0)];',
        ],
        ['add(slice(dh, 0, T - 1), dLast)', 'slice(dh, 0, T - 1)'],
        ['flip(slice(a, 0, 1))]', 'flip(slice(a, 0, 0, T - 1))]'],
      ],
    ),
  ],
};
