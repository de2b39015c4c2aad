import { crossEntropyLoss, Declarations, inference, Linear, Parameters, Recurrent, type StackState } from 'unrolled/nn';
import { Optimizer, type OptimizerOptions } from 'unrolled/optim';
import { describe, expect, test } from 'vitest';
import type { Device } from '../../packages/unrolled/src/tensor/device.ts';
import { expectClose, largestDifference } from '../closeness.ts';
import { subjects } from '../devices.ts';
import { loadMinimalCharRnn, type MinimalCharRnnRun } from './load.ts';
import { initialWeights } from './minimal-char-rnn.ts';

const golden = loadMinimalCharRnn();
const { V, hiddenSize: H, chunk, iterations, clip, epsilon } = golden.config;

/**
 * The losses of the model with this library: one-hot inputs → one tanh layer → linear, summed over the chunk.
 *
 * Two things differ from the script. The layer has two biases, as in PyTorch, the script one; so the second one stays
 * 0. And the script takes its ε inside of the root, g/√(s + ε), the optimizer outside, g/(√s + ε). Sums of squares that
 * begin at ε instead of 0, and no ε outside, make it the script's rule exactly.
 */
function losses(device: Device, { learningRate }: MinimalCharRnnRun, rule: 'as the script' | 'as PyTorch'): number[] {
  const layer = new Recurrent({ cell: { cell: 'rnn', hidden: H } });
  const output = new Linear({ units: V });
  const declarations = new Declarations();
  output.build(layer.build([-1, -1, V], declarations.within('rnn')), declarations.within('output'));
  const parameters = new Parameters(device, declarations.declared, 1);
  const { Wxh, Whh, Why } = initialWeights(golden);
  parameters.load({
    'rnn.weight_ih_l0': { shape: [H, V], data: Wxh },
    'rnn.weight_hh_l0': { shape: [H, H], data: Whh },
    'rnn.bias_ih_l0': { shape: [H], data: new Float64Array(H) },
    'rnn.bias_hh_l0': { shape: [H], data: new Float64Array(H) },
    'output.weight': { shape: [V, H], data: Why },
    'output.bias': { shape: [V], data: new Float64Array(V) },
  });
  const options: OptimizerOptions = { method: 'adagrad', ...(rule === 'as the script' && { epsilon: 0 }) };
  const optimizer = new Optimizer(parameters, options);
  if (rule === 'as the script') device.backend.fill(optimizer.memory.sumOfSquares, epsilon);

  const ids = Array.from(golden.text, (character) => golden.vocabulary.indexOf(character));
  const found: number[] = [];
  let position = Number.POSITIVE_INFINITY;
  let state: StackState | null = null;
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (position + chunk + 1 > ids.length) [position, state] = [0, null];
    const inputs = ids.slice(position, position + chunk);
    const oneHot = inputs.flatMap((id) => Array.from({ length: V }, (_, index) => (index === id ? 1 : 0)));
    state = device.carry(state, (carried): StackState => {
      const run = layer.run(device.tensor(oneHot, [chunk, 1, V]), inference, { state: carried });
      const targets = device.ids(ids.slice(position + 1, position + chunk + 1), [chunk, 1]);
      const loss = crossEntropyLoss(output.apply(run.outputs), targets, { reduction: 'sum' });
      parameters.backward(loss);
      device.backend.fill(parameters.gradient('rnn.bias_hh_l0'), 0);
      optimizer.update({ learningRate, clipValue: clip });
      found.push(loss.item());
      return run.state.map(({ h }) => ({ h: h.detach() }));
    });
    position += chunk;
  }
  return found;
}

function lastSmoothed(found: readonly number[]): number {
  return found.reduce((smoothed, loss) => 0.999 * smoothed + 0.001 * loss, chunk * Math.log(V));
}

const [chaotic, calm] = golden.runs;

describe.each(subjects)('$name', ({ open, float, tolerance }) => {
  test('at rate 0.01 all losses of the minimal character model are those of the script', async () => {
    const device = await open();
    const found = losses(device, calm, 'as the script');
    expectClose('losses', found, calm.losses, tolerance);
    expectClose('smoothed loss', [lastSmoothed(found)], calm.smoothedLosses.slice(-1), 1e-4);
    device.close();
  });

  test('at rate 0.1 they are until chaos begins, and the smoothed loss ends in its range', async () => {
    const device = await open();
    const found = losses(device, chaotic, 'as the script');
    const n = chaotic.comparable[float];
    expectClose('losses', found.slice(0, n), chaotic.losses.slice(0, n), 1e-4);
    const [low, high] = chaotic.lastSmoothedRange;
    expect(lastSmoothed(found)).toBeGreaterThan(low);
    expect(lastSmoothed(found)).toBeLessThan(high);
    device.close();
  });

  test("PyTorch's place for ε is another rule: its losses keep within 1% of the script's, not within 1e-4", async () => {
    const device = await open();
    const found = losses(device, calm, 'as PyTorch');
    const difference = largestDifference(found, calm.losses);
    expect(difference).toBeGreaterThan(1e-4);
    expect(difference).toBeLessThan(1e-2);
    device.close();
  });
});
