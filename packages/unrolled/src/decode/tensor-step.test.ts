import { expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { initialiseParameters } from '../nn/layer.ts';
import { Linear } from '../nn/linear.ts';
import { Recurrent } from '../nn/recurrent.ts';
import type { StackState } from '../nn/sequence-layer.ts';
import { createDevice } from '../ops/create-device.ts';
import { beamSearch } from './beam.ts';
import type { DecodeRows } from './search.ts';
import { gatherRows, tensorSearch } from './tensor-step.ts';

const device = createDevice(referenceBackend());

test('rows are put in order, whatever holds them', () => {
  const state = { h: device.tensor([[1], [2]]), parts: [device.tensor([[[1, 2]], [[3, 4]]]), null] };
  const gathered = gatherRows(state, Int32Array.of(1, 1, 0));
  expect(gathered.h.toArray()).toEqual([[2], [2], [1]]);
  expect(gathered.parts[0]!.toArray()).toEqual([[[3, 4]], [[3, 4]], [[1, 2]]]);
  expect(gathered.parts[1]).toBeNull();
  expect(gatherRows(state, Int32Array.of(0, 1)).h).toBe(state.h);
});

test('a search with a network scores as the network does, and leaves no memory behind', async () => {
  const [V, H] = [5, 6];
  const network = new Recurrent({ cell: { cell: 'lstm', hidden: H } });
  const output = new Linear({ units: V, weight: { kind: 'normal', deviation: 3 } });
  initialiseParameters(network, [-1, -1, V], device, 1);
  initialiseParameters(output, [-1, H], device, 2);
  const oneHot = (tokens: ArrayLike<number>) =>
    device.tensor(
      Array.from(tokens, (token) => Array.from({ length: V }, (_, v) => Number(v === token))),
      [1, tokens.length, V],
    );
  const read = (tokens: ArrayLike<number>, state: StackState) => {
    const result = network.run(oneHot(tokens), undefined, { state });
    return { logProbabilities: output.apply(result.outputs.at(0)).logSoftmax(), state: result.state };
  };
  let most = 0;
  const step = ({ tokens, parents }: DecodeRows, state: StackState) => {
    most = Math.max(most, device.memory().bytes);
    return read(tokens, gatherRows(state, parents));
  };
  const before = device.memory().bytes;
  const options = { start: 0, end: 1, maxLength: 200, width: 3, nBest: 3, sources: 2 };
  const found = await tensorSearch(
    device,
    () => network.initialState(2, device),
    step,
    (one, initial) => beamSearch(one, initial, options),
  );
  // States of the steps before are gone: one state of six rows, and little more.
  expect(most - before).toBeLessThan(4 * 6 * H * 2 * 8);
  expect(device.memory().bytes).toBe(before);
  for (const { tokens, logProbability, ended } of found.flat()) {
    let [total, state] = [0, network.initialState(1, device)];
    [...tokens, ...(ended ? [1] : [])].forEach((token, i) => {
      const result = read([[0, ...tokens][i]], state);
      total += (result.logProbabilities.toArray() as number[][])[0][token];
      state = result.state;
    });
    expect(logProbability).toBeCloseTo(total, 10);
  }
});
