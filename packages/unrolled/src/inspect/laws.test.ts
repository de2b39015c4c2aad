import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { type Cell, type CellConfig, createCell, Declarations, Parameters, unroll } from '../nn/index.ts';
import { initialise } from '../nn/initialisers.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, linear, mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { gradientFlow, type Inspected, type LayerFlow } from './index.ts';

const device = createDevice(referenceBackend());
const [T, B, H] = [31, 3, 7];

function normal(shape: Shape, seed: number): Tensor {
  return device.tensor(initialise({ kind: 'normal', deviation: 1 }, shape, new Random(seed)), shape);
}

/** Each step's loss is the sum of its outputs, weighted at random. */
function inspected(cell: Cell, xs: Tensor): Inspected {
  const weights = normal([T, B, H], 5);
  return {
    device,
    steps: T,
    losses: (probe) => sum(mul(unroll(cell, xs, null, { probe: probe(0, false) }).outputs, weights), { axes: -1 }),
    next: (_, [before]) => [cell.step(xs.at(0), before).state],
  };
}

/** h_t = W h_{t−1} + x_t, as a user would write it. */
function linearCell(weight: ArrayLike<number>): Cell {
  const W = device.tensor(weight, [H, H]).track();
  return {
    config: { cell: 'linear', hidden: H },
    hidden: H,
    width: H,
    build: () => {},
    initialState: (batch) => ({ h: device.zeros([batch, H]) }),
    step(x, { h }) {
      const next = add(linear(h, W), x);
      return { output: next, state: { h: next } };
    },
  };
}

async function flowOf(cell: Cell, lags = 20): Promise<LayerFlow> {
  return (await gradientFlow(inspected(cell, normal([T, B, H], 1)), { lags, positions: 4 })).layers[0];
}

const orthogonal = (gain: number, seed = 3): Float64Array =>
  initialise({ kind: 'orthogonal', gain }, [H, H], new Random(seed));

describe('a linear recurrence', () => {
  test.each([0.9, 1, 1.1])(
    'of %f times an orthogonal matrix changes the gradient by that much every step',
    async (gain) => {
      const { norms, decay } = await flowOf(linearCell(orthogonal(gain)));
      for (const curve of [norms.mean, norms.low, norms.median, norms.high]) {
        curve.forEach((norm, lag) => {
          expect(norm / curve[0] / gain ** lag).toBeCloseTo(1, 10);
        });
      }
      expect(decay.perStep).toBeCloseTo(gain, 10);
    },
  );

  test('never grows faster than the largest singular value, for all matrices', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.constantFrom(0.9, 1.1), async (seed, largest) => {
        const weight = initialise({ kind: 'normal', deviation: 1 }, [H, H], new Random(seed));
        const scaled = weight.map((value) => (value * largest) / largestSingularValue(weight));
        for (const byLag of (await flowOf(linearCell(scaled), 12)).byPosition) {
          byLag.forEach((norm, lag) => {
            expect(norm).toBeLessThanOrEqual(byLag[0] * largest ** lag * (1 + 1e-9));
          });
        }
      }),
      { numRuns: 10 },
    );
  });

  test('with a largest singular value of 1.1 grows at that rate along its own direction, and 0.9 fades', async () => {
    for (const largest of [0.9, 1.1]) {
      const diagonal = new Float64Array(H * H);
      for (let i = 0; i < H; i++) diagonal[i * H + i] = largest / (i + 1);
      const { norms, decay } = await flowOf(linearCell(diagonal));
      expect(norms.mean[20] / norms.mean[19]).toBeCloseTo(largest, 6);
      expect(decay.kind).toBe(largest > 1 ? 'kept' : 'vanishes');
    }
  });
});

/** By power iteration, so that the test needs no decomposition. */
function largestSingularValue(weight: ArrayLike<number>): number {
  let v = Array.from({ length: H }, (_, i) => 1 + i / 10);
  let size = 0;
  const times = (x: number[], transposed: boolean): number[] =>
    x.map((_, i) => x.reduce((total, value, j) => total + weight[transposed ? j * H + i : i * H + j] * value, 0));
  for (let i = 0; i < 2000; i++) {
    const next = times(times(v, false), true);
    size = Math.hypot(...next);
    v = next.map((value) => value / size);
  }
  return Math.sqrt(size);
}

function built(config: CellConfig, change: (name: string, value: Float64Array) => ArrayLike<number>): Cell {
  const cell = createCell(config);
  const declarations = new Declarations();
  cell.build(H, declarations);
  const parameters = new Parameters(device, declarations.declared, 2);
  for (const { name, value } of parameters) device.backend.write(value, change(name, value.data() as Float64Array));
  return cell;
}

test('an LSTM with f = 1 and i = 0 keeps the gradient of its cell for ever', async () => {
  // Biases of ±1000 make the gates exactly 0 and 1; o = 1/2, and the weights of the cell alone are at work.
  const cell = built({ cell: 'lstm', hidden: H }, (name, value) => {
    if (name !== 'bias_ih') return value.map(() => 0);
    return value.map((_, i) => [-1000, 1000, 0, 0][Math.floor(i / H)]);
  });
  const { parts, decay } = await flowOf(cell);
  // The loss asks for h_t, so it is one step earlier that the gradient reaches the cell.
  const [, first, ...later] = parts.c.mean;
  expect(first).toBeGreaterThan(0.1);
  for (const norm of later) expect(norm).toBe(first);
  expect(parts.h.mean.slice(1)).toEqual(new Array(20).fill(0));
  expect(decay.kind).toBe('kept');
});

describe('an IRNN', () => {
  const irnn: CellConfig & object = {
    cell: 'rnn',
    hidden: H,
    activation: 'relu',
    weightHh: { kind: 'identity' },
  } as never;

  test('keeps the gradient of units that are active', async () => {
    // Positive inputs and biases 0: every unit stays active.
    const cell = built(irnn, (name, value) => (name === 'weight_ih' ? value.map(Math.abs) : value));
    const xs = device.ones([T, B, H]);
    const { norms } = (await gradientFlow(inspected(cell, xs), { lags: 20, positions: 3 })).layers[0];
    for (const norm of norms.mean) expect(norm).toBeCloseTo(norms.mean[0], 12);
  });

  test('loses that of units that are not', async () => {
    const cell = built(irnn, (name, value) => (name === 'bias_ih' ? value.map(() => -100) : value));
    const flow = await flowOf(cell);
    expect(flow.norms.mean.slice(1)).toEqual(new Array(20).fill(0));
    expect(flow.decay).toMatchObject({ kind: 'vanishes', left: 0 });
  });
});
