import { type BuiltInCell, type CellState, initialiseParameters, Recurrent } from 'unrolled/nn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradients } from '../../packages/unrolled/src/autodiff/gradients.ts';
import { add, at, mul, stack, sum } from '../../packages/unrolled/src/ops/index.ts';
import type { Device } from '../../packages/unrolled/src/tensor/device.ts';
import type { Tensor } from '../../packages/unrolled/src/tensor/tensor.ts';
import { expectClose } from '../closeness.ts';
import { subjects } from '../devices.ts';
import { type GoldenTensor, loadRecurrent, type RecurrentCase, type RecurrentKind, recurrentKinds } from './load.ts';

function cellOf(kind: RecurrentKind, { hiddenSize: hidden, bias }: RecurrentCase['config']): BuiltInCell {
  if (kind === 'lstm' || kind === 'gru') return { cell: kind, hidden, bias };
  if (kind === 'lstm-projected') return { cell: 'lstm', hidden, bias, projection: Math.floor(hidden / 2) };
  return { cell: 'rnn', hidden, bias, activation: kind === 'rnn-relu' ? 'relu' : 'tanh' };
}

describe.each(subjects)('$name', ({ open, tolerance }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device.close());

  const put = (golden: GoldenTensor): Tensor => device.tensor(golden.data, golden.shape);

  /** The layer with PyTorch's parameters, run and differentiated as PyTorch did. */
  function repeat(kind: RecurrentKind, golden: RecurrentCase, fused: boolean) {
    const { layers, bidirectional, inputSize, hiddenSize, B } = golden.config;
    const form = fused ? undefined : 'steps';
    const layer = new Recurrent({ cell: cellOf(kind, golden.config), layers, bidirectional });
    const parameters = initialiseParameters(layer, [-1, -1, inputSize], device, 1);
    parameters.load(golden.parameters);
    expect([...parameters.names].sort()).toEqual(Object.keys(golden.parameters).sort());

    const places = layers * (bidirectional ? 2 : 1);
    const isLstm = kind.startsWith('lstm');
    const leaf = (given: GoldenTensor | null | undefined, width: number): Tensor =>
      (given ? put(given) : device.zeros([places, B, width])).track();
    const h0 = leaf(golden.inputs.h0, golden.results.h_n.shape[2]);
    const sources: Record<string, Tensor> = { x: put(golden.inputs.x).track(), h0 };
    if (isLstm) sources.c0 = leaf(golden.inputs.c0, hiddenSize);
    for (const { name, value } of parameters) sources[name] = value;

    const state = Array.from({ length: places }, (_, place): CellState => {
      const h = at(sources.h0, place);
      return isLstm ? { h, c: at(sources.c0, place) } : { h };
    });
    const lengths = golden.lengths;
    const { outputs, state: last } = layer.run(sources.x, undefined, { state, lengths, form });
    const results: Record<string, Tensor> = { output: outputs, h_n: stack(last.map(({ h }) => h)) };
    if (isLstm) results.c_n = stack(last.map(({ c }) => c));
    const weights: Record<string, GoldenTensor> = { ...golden.lossWeights };
    const loss = Object.entries(results)
      .map(([name, result]) => sum(mul(result, put(weights[name]))))
      .reduce((a, b) => add(a, b));
    const found = gradients(loss, Object.values(sources));
    return {
      results,
      loss,
      gradients: Object.fromEntries(Object.keys(sources).map((name, index) => [name, found[index]])),
      withoutState: () => layer.run(sources.x.detach(), undefined, { lengths, form }).outputs,
    };
  }

  describe.each(recurrentKinds)('%s is that of PyTorch', (kind) => {
    describe.each(['as one operation', 'step by step'])('%s', (form) => {
      test.each(loadRecurrent(kind).cases)('$name', (golden) => {
        device.scope(() => {
          const ours = repeat(kind, golden, form === 'as one operation');
          for (const [name, { shape, data }] of Object.entries({ ...golden.results })) {
            expect(ours.results[name].shape, name).toEqual(shape);
            expectClose(name, ours.results[name].data(), data, tolerance);
          }
          expectClose('loss', ours.loss.data(), [golden.loss], tolerance);
          expect(Object.keys(ours.gradients).sort()).toEqual(Object.keys(golden.gradients).sort());
          for (const [name, { shape, data }] of Object.entries(golden.gradients)) {
            expect(ours.gradients[name].shape, name).toEqual(shape);
            expectClose(`gradient of ${name}`, ours.gradients[name].data(), data, tolerance);
          }
          if (golden.inputs.h0 === null) {
            expectClose('no state is zero state', ours.withoutState().data(), golden.results.output.data, tolerance);
          }
        });
      });
    });
  });
});
