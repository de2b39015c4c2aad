/**
 * The pointwise parts of the cells against float64: forward against the equations, backward against central differences
 * of the equations, so that no derivation is trusted.
 */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Activation } from '../../unrolled/src/backend/wasm/generated/kernels.ts';
import {
  awkward,
  builds,
  dot,
  expectClose,
  expectSameBits,
  load,
  numericGradient,
  type Room,
  random,
  sigmoid,
} from './support.ts';

/** A difference quotient costs H per element: 64 would add nothing that 17 does not test. */
const sizes = awkward.filter((size) => size < 64);
const rows = 3;
const t = 2;
/** Row 1 has ended at step 2. */
const ragged = [5, 2, 3];
type Vector = ArrayLike<number>;

/** Gate g of unit j. */
const gate = (x: Vector, hidden: number, g: number, j: number) => x[g * hidden + j];
const each = <T>(n: number, f: (j: number) => T): T[] => Array.from({ length: n }, (_, j) => f(j));

const lstm = (gates: Vector, cPrev: Vector) => {
  const H = cPrev.length;
  const c = each(
    H,
    (j) => sigmoid(gate(gates, H, 1, j)) * cPrev[j] + sigmoid(gate(gates, H, 0, j)) * Math.tanh(gate(gates, H, 2, j)),
  );
  return { c, h: c.map((value, j) => sigmoid(gate(gates, H, 3, j)) * Math.tanh(value)) };
};
const gruAfter = (x: Vector, gh: Vector, hPrev: Vector, keep: number) => {
  const H = hPrev.length;
  return each(H, (j) => {
    const r = sigmoid(gate(x, H, 0, j) + gate(gh, H, 0, j));
    const z = sigmoid(gate(x, H, 1, j) + gate(gh, H, 1, j));
    const n = Math.tanh(gate(x, H, 2, j) + r * gate(gh, H, 2, j));
    return keep ? (1 - z) * n + z * hPrev[j] : z * n + (1 - z) * hPrev[j];
  });
};
/** With the identity for W, so that unit j of the product is r·hPrev itself, twice. */
const gruBefore = (x: Vector, hPrev: Vector, keep: number) => {
  const H = hPrev.length;
  return each(H, (j) => {
    const z = sigmoid(gate(x, H, 1, j));
    const n = Math.tanh(gate(x, H, 2, j) + 2 * sigmoid(gate(x, H, 0, j)) * hPrev[j]);
    return keep ? (1 - z) * n + z * hPrev[j] : z * n + (1 - z) * hPrev[j];
  });
};

describe.each(builds)('recurrent cells, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  const row = (x: Float32Array, i: number) => x.slice((i * x.length) / rows, ((i + 1) * x.length) / rows);
  const byRow = (active: (i: number) => boolean, f: (i: number) => Vector, inactive: (i: number) => Vector) =>
    each(rows, (i) => Array.from(active(i) ? f(i) : inactive(i))).flat();
  const gradient = (f: (x: Float64Array) => Vector, x: Vector, dy: Vector) =>
    numericGradient((at) => dot(f(at), dy), x);
  /** Calls `check` for every hidden size, without and with lengths. */
  const settings = (check: (H: number, lengths: number, active: (i: number) => boolean) => void) => {
    for (const H of sizes) {
      room.reset();
      check(H, 0, () => true);
      check(H, room.ints(ragged), (i) => t < ragged[i]);
    }
  };

  test('LSTM: c = f·c + i·g, h = o·tanh c, and the gradient of any dh, dc', () => {
    const { kernels, floats, space, readFloats } = room;
    settings((H, lengths, active) => {
      const size = rows * H;
      const zeros = new Float32Array(4 * H);
      const [pre, cPrev, hPrev, dh, dc] = [
        random(4 * size, 1, 3),
        random(size, 2),
        random(size, 3),
        random(size, 4),
        random(size, 5),
      ];
      const [gates, c, h, carry] = [floats(pre), space(size), space(size), floats(new Float32Array(size).fill(7))];
      const pcPrev = floats(cPrev);
      kernels.lstmForward(gates, pcPrev, floats(hPrev), c, h, rows, H, lengths, t);
      expectClose(
        readFloats(c, size),
        byRow(
          active,
          (i) => lstm(row(pre, i), row(cPrev, i)).c,
          (i) => row(cPrev, i),
        ),
      );
      expectClose(
        readFloats(h, size),
        byRow(
          active,
          (i) => lstm(row(pre, i), row(cPrev, i)).h,
          (i) => row(hPrev, i),
        ),
      );
      const activations = (i: number) =>
        Array.from(row(pre, i), (x, j) => (j >= 2 * H && j < 3 * H ? Math.tanh(x) : sigmoid(x)));
      expectClose(
        readFloats(gates, 4 * size),
        byRow(active, activations, () => zeros),
      );

      const pdc = floats(dc);
      kernels.lstmBackward(gates, c, pcPrev, floats(dh), pdc, carry, rows, H, lengths, t);
      const outputs = (at: Vector, previous: Vector) => {
        const state = lstm(at, previous);
        return [...state.h, ...state.c];
      };
      const dy = (i: number) => [...row(dh, i), ...row(dc, i)];
      const dPre = byRow(
        active,
        (i) => gradient((at) => outputs(at, row(cPrev, i)), row(pre, i), dy(i)),
        () => zeros,
      );
      const dcPrev = byRow(
        active,
        (i) => gradient((at) => outputs(row(pre, i), at), row(cPrev, i), dy(i)),
        (i) => row(dc, i),
      );
      expectClose(readFloats(gates, 4 * size), dPre, 2e-6);
      expectClose(readFloats(pdc, size), dcPrev, 2e-6);
      const carried = byRow(
        active,
        () => zeros.slice(0, H),
        (i) => row(dh, i),
      );
      expectClose(readFloats(carry, size), lengths ? carried : new Array(size).fill(7));
    });
  });

  test.each(Object.keys(Activation) as (keyof typeof Activation)[])('RNN with %s', (activation) => {
    const { kernels, floats, space, readFloats } = room;
    const f = { tanh: Math.tanh, relu: (x: number) => Math.max(x, 0), sigmoid }[activation];
    settings((H, lengths, active) => {
      const size = rows * H;
      const [pre, hPrev, dh] = [random(size, 1, 3), random(size, 2), random(size, 3)];
      const [h, dPre, carry] = [space(size), space(size), space(size)];
      kernels.rnnForward(Activation[activation], floats(pre), floats(hPrev), h, rows, H, lengths, t);
      expectClose(
        readFloats(h, size),
        byRow(
          active,
          (i) => row(pre, i).map(f),
          (i) => row(hPrev, i),
        ),
      );
      kernels.rnnBackward(Activation[activation], h, floats(dh), dPre, carry, rows, H, lengths, t);
      const zeros = new Float32Array(H);
      const exact = byRow(
        active,
        (i) => gradient((at) => Array.from(at, f), row(pre, i), row(dh, i)),
        () => zeros,
      );
      expectClose(readFloats(dPre, size), exact, 2e-6);
      if (lengths)
        expectClose(
          readFloats(carry, size),
          byRow(
            active,
            () => zeros,
            (i) => row(dh, i),
          ),
        );
    });
  });

  test.each([1, 0])('GRU with the reset after the product, keep = %i', (keep) => {
    const { kernels, floats, space, readFloats } = room;
    settings((H, lengths, active) => {
      const size = rows * H;
      const zeros = new Float32Array(3 * H);
      const [x, gh, hPrev, dh] = [random(3 * size, 1, 3), random(3 * size, 2), random(size, 3), random(size, 4)];
      const [gates, h, hn, carry, phPrev] = [floats(x), space(size), space(size), space(size), floats(hPrev)];
      kernels.gruAfterForward(gates, floats(gh), phPrev, h, hn, keep, rows, H, lengths, t);
      expectClose(
        readFloats(h, size),
        byRow(
          active,
          (i) => gruAfter(row(x, i), row(gh, i), row(hPrev, i), keep),
          (i) => row(hPrev, i),
        ),
      );
      kernels.gruAfterBackward(gates, hn, phPrev, floats(dh), carry, keep, rows, H, lengths, t);
      const none = () => zeros;
      const dx = byRow(
        active,
        (i) => gradient((at) => gruAfter(at, row(gh, i), row(hPrev, i), keep), row(x, i), row(dh, i)),
        none,
      );
      const dgh = (i: number) => gradient((at) => gruAfter(row(x, i), at, row(hPrev, i), keep), row(gh, i), row(dh, i));
      const direct = (i: number) =>
        gradient((at) => gruAfter(row(x, i), row(gh, i), at, keep), row(hPrev, i), row(dh, i));
      expectClose(readFloats(gates, 3 * size), dx, 2e-6);
      expectClose(
        readFloats(hn, size),
        byRow(
          active,
          (i) => dgh(i).slice(2 * H),
          () => zeros.slice(0, H),
        ),
        2e-6,
      );
      expectClose(
        readFloats(carry, size),
        byRow(active, direct, (i) => row(dh, i)),
        2e-6,
      );
    });
  });

  test.each([1, 0])('GRU with the reset before the product, keep = %i', (keep) => {
    const { kernels, floats, space, readFloats } = room;
    settings((H, lengths, active) => {
      const size = rows * H;
      const zeros = new Float32Array(3 * H);
      const [x, hPrev, dh] = [random(3 * size, 1, 3), random(size, 2), random(size, 3)];
      const [gates, h, rh, carry, phPrev] = [floats(x), space(size), space(size), space(size), floats(hPrev)];
      kernels.gruBeforeGates(gates, phPrev, rh, rows, H, lengths, t);
      for (let i = 0; i < rows; i++) kernels.axpy(2, rh + i * H * 4, gates + (i * 3 + 2) * H * 4, H);
      kernels.gruBeforeOutput(gates, phPrev, h, keep, rows, H, lengths, t);
      expectClose(
        readFloats(h, size),
        byRow(
          active,
          (i) => gruBefore(row(x, i), row(hPrev, i), keep),
          (i) => row(hPrev, i),
        ),
      );

      kernels.gruBeforeOutputBackward(gates, phPrev, floats(dh), carry, keep, rows, H, lengths, t);
      const drh = space(size);
      for (let i = 0; i < rows; i++) kernels.scaleInto(2, gates + (i * 3 + 2) * H * 4, drh + i * H * 4, H);
      kernels.gruBeforeGatesBackward(gates, phPrev, drh, carry, rows, H, lengths, t);
      const dx = byRow(
        active,
        (i) => gradient((at) => gruBefore(at, row(hPrev, i), keep), row(x, i), row(dh, i)),
        () => zeros,
      );
      const dhPrev = byRow(
        active,
        (i) => gradient((at) => gruBefore(row(x, i), at, keep), row(hPrev, i), row(dh, i)),
        (i) => row(dh, i),
      );
      expectClose(readFloats(gates, 3 * size), dx, 3e-6);
      expectClose(readFloats(carry, size), dhPrev, 3e-6);
    });
  });

  test('a unit has the same bits whatever the hidden size and its row', () => {
    const { kernels, floats, space, readFloats } = room;
    const run = (H: number, count: number, gates: Float32Array, c: Float32Array) => {
      const [cNew, h] = [space(count * H), space(count * H)];
      kernels.lstmForward(floats(gates), floats(c), floats(c), cNew, h, count, H, 0, 0);
      return readFloats(h, count * H);
    };
    const H = 7;
    const [gates, c] = [random(2 * 4 * H, 1, 3), random(2 * H, 2)];
    const together = run(H, 2, gates, c);
    for (let i = 0; i < 2; i++) {
      for (let j = 0; j < H; j++) {
        const alone = Float32Array.from([0, 1, 2, 3], (g) => gates[(i * 4 + g) * H + j]);
        expectSameBits(run(1, 1, alone, c.slice(i * H + j, i * H + j + 1)), together.slice(i * H + j, i * H + j + 1));
      }
    }
    expect(together.some((value) => value !== 0)).toBe(true);
  });
});
