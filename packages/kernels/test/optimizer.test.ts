/** The optimizers against PyTorch's formulas in float64, over several steps. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { awkward, builds, expectClose, load, type Room, random } from './support.ts';

const steps = 5;

describe.each(builds)('optimizers, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  /**
   * Runs `kernel` and `formula` over the same gradients for every awkward size; `formula` updates one weight, with its
   * own state of two numbers.
   */
  function check(
    kernel: (w: number, g: number, first: number, second: number, n: number, step: number) => void,
    formula: (w: number, g: number, state: [number, number], step: number) => number,
  ): void {
    for (const n of awkward) {
      room.reset();
      const weights = random(n, 1);
      const w = room.floats(weights);
      const [first, second] = [room.floats(new Float32Array(n)), room.floats(new Float32Array(n))];
      const guard = room.floats([99]);
      const expected = Array.from(weights);
      const states = expected.map((): [number, number] => [0, 0]);
      for (let step = 1; step <= steps; step++) {
        const g = random(n, 10 + step, 2);
        kernel(w, room.floats(g), first, second, n, step);
        for (let i = 0; i < n; i++) expected[i] = formula(expected[i], g[i], states[i], step);
      }
      expectClose(room.readFloats(w, n), expected, 3e-6);
      expect(room.readFloats(guard, 1)[0]).toBe(99);
    }
  }

  const clipped = (g: number, scale: number, clip: number) =>
    clip > 0 ? Math.min(Math.max(g * scale, -clip), clip) : g * scale;

  test.each([
    { momentum: 0, nesterov: 0, decay: 0, scale: 1, clip: 0 },
    { momentum: 0.9, nesterov: 0, decay: 0.1, scale: 0.5, clip: 0.3 },
    { momentum: 0.9, nesterov: 1, decay: 0.01, scale: 2, clip: 0 },
  ])('SGD %o', ({ momentum, nesterov, decay, scale, clip }) => {
    check(
      (w, g, v, _, n) => room.kernels.sgd(w, g, momentum ? v : 0, n, 0.1, momentum, nesterov, decay, scale, clip),
      (w, g, state) => {
        const d = clipped(g, scale, clip) + decay * w;
        state[0] = momentum * state[0] + d;
        return w - 0.1 * (nesterov ? d + momentum * state[0] : momentum ? state[0] : d);
      },
    );
  });

  test('Adagrad', () => {
    check(
      (w, g, s, _, n) => room.kernels.adagrad(w, g, s, n, 0.1, 1e-8, 0.01, 0.5, 0.4),
      (w, g, state) => {
        const d = clipped(g, 0.5, 0.4) + 0.01 * w;
        state[0] += d * d;
        return w - (0.1 * d) / (Math.sqrt(state[0]) + 1e-8);
      },
    );
  });

  test('RMSprop', () => {
    check(
      (w, g, s, _, n) => room.kernels.rmsprop(w, g, s, n, 0.01, 0.99, 1e-8, 0.01, 0.5, 0),
      (w, g, state) => {
        const d = clipped(g, 0.5, 0) + 0.01 * w;
        state[0] = 0.99 * state[0] + 0.01 * d * d;
        return w - (0.01 * d) / (Math.sqrt(state[0]) + 1e-8);
      },
    );
  });

  test.each([0, 1])('Adam, decoupled decay = %i', (decoupled) => {
    const [lr, b1, b2, epsilon, decay] = [0.01, 0.9, 0.999, 1e-8, 0.1];
    check(
      (w, g, m, v, n, step) =>
        room.kernels.adam(
          w,
          g,
          m,
          v,
          n,
          lr,
          b1,
          b2,
          epsilon,
          decay,
          decoupled,
          1 - b1 ** step,
          1 - b2 ** step,
          0.7,
          0.5,
        ),
      (w, g, state, step) => {
        const d = clipped(g, 0.7, 0.5) + (decoupled ? 0 : decay * w);
        if (decoupled) w *= 1 - lr * decay;
        state[0] = b1 * state[0] + (1 - b1) * d;
        state[1] = b2 * state[1] + (1 - b2) * d * d;
        const denominator = Math.sqrt(state[1]) / Math.sqrt(1 - b2 ** step) + epsilon;
        return w - ((lr / (1 - b1 ** step)) * state[0]) / denominator;
      },
    );
  });

  test('a gradient that is NaN is not hidden by the clamp', () => {
    const w = room.floats([1, 1]);
    room.kernels.sgd(w, room.floats([Number.NaN, 1]), 0, 2, 0.1, 0, 0, 0, 1, 0.5);
    expect([...room.readFloats(w, 2)]).toEqual([Number.NaN, Math.fround(0.95)]);
  });
});
