import { expect, test } from 'vitest';
import { searchSequences } from '../../decode/sequence-search.ts';
import { openDevice } from '../../device.ts';
import { ConfigError } from '../../errors.ts';
import { mean, reshape } from '../../ops/index.ts';
import { Optimizer } from '../../optim/optimizer.ts';
import { Random } from '../../random.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { drawIds } from '../draw-ids.ts';
import { type Context, inference, initialiseParameters } from '../layer.ts';
import { Linear } from '../linear.ts';
import type { Declarations } from '../parameters.ts';
import { Bridge } from './bridge.ts';
import type { Encoded, EncodedShapes, Encoder } from './encoded.ts';
import { EncoderDecoder } from './encoder-decoder.ts';
import { sequenceLoss } from './loss.ts';

const device = await openDevice('wasm', { threads: 1 });

/** Reads pictures `[B, S, F]` without a recurrence: a memory of S places, and the mean of them as the state. */
class PatchEncoder implements Encoder<Tensor, Shape> {
  readonly config = { layer: 'patches' };
  readonly #map = new Linear({ units: 6 });
  build([B, S, F]: Shape, declarations: Declarations): EncodedShapes {
    this.#map.build([B, S, F], declarations.within('patches'));
    return { memory: [S, B, 6], state: [{ h: [B, 6] }] };
  }
  apply(pictures: Tensor): Encoded {
    const places = this.#map.apply(pictures); // [B, S, 6]
    return { memory: places.transpose([1, 0, 2]), state: [{ h: mean(places, { axes: 1 }) }] };
  }
}

test('writes about what an encoder that is not recurrent has read', async () => {
  const model = new EncoderDecoder(new PatchEncoder(), {
    ...{
      vocabularySize: 3,
      dimension: 4,
      cell: 'gru',
      hidden: 12,
      layers: 1,
      dropout: 0,
      attention: { score: 'additive' },
    },
  });
  const parameters = initialiseParameters(model, { source: [-1, 4, 3], targets: [-1, -1] }, device, 1);
  // Four places, each of one of three colours, to be named in order.
  const random = new Random(2);
  const colours = Array.from({ length: 40 }, () => Array.from({ length: 4 }, () => Math.floor(3 * random.uniform())));
  const pictures = (some: readonly number[][]): Tensor =>
    device.tensor(
      some.flat().flatMap((colour, i) => [0, 1, 2].map((c) => Number(c === colour) * (1 + (i % 4)))),
      [some.length, 4, 3],
    );
  const targets = {
    values: Array.from({ length: 5 }, (_, t) => colours.map((row) => row[t] ?? model.end)).flat(),
    shape: [5, colours.length],
    lengths: colours.map(() => 5),
  };
  const optimizer = new Optimizer(parameters, { method: 'adam' });
  const context: Context = { training: true, random };
  for (let step = 0; step < 250; step++) {
    device.scope(() => {
      parameters.backward(
        sequenceLoss(model, model.read(pictures(colours), context), targets, context, {
          sampling: step < 100 ? 0 : 0.2,
        }),
      );
      optimizer.update({ learningRate: 0.02, clipNorm: 1 });
    });
  }
  const [few, lengths] = [colours.slice(0, 5), new Array<number>(5).fill(4)];
  const before = device.memory().bytes;
  const found = await searchSequences(model, () => model.read(pictures(few)), { lengths, maxLength: 9 }, { beam: 2 });
  expect(found.map(([{ tokens }]) => tokens)).toEqual(few);
  expect(device.memory().bytes).toBe(before);
  const never = await searchSequences(model, () => model.read(pictures(few)), { lengths, maxLength: 9, never: 1 });
  expect(never.flatMap(([{ tokens }]) => tokens)).not.toContain(1);
}, 60_000);

test('a bridge refuses a state that does not fit the decoder', () => {
  const bridge = new Bridge({ state: [{ h: [1, 3] }, { h: [1, 3] }] });
  const build = (shapes: readonly Readonly<Record<string, Shape>>[]) => () =>
    initialiseParameters(bridge, shapes, device, 1);
  expect(build([{ h: [1, 3] }, { h: [1, 3] }, { h: [1, 3] }])).toThrow(ConfigError);
  expect(build([{ c: [1, 3] }, { c: [1, 3] }])).toThrow("does not fit the decoder's, 2 of ['h']");
});

test('ids drawn on the device have the probabilities of the softmax', () => {
  const [N, V] = [30_000, 4];
  const row = [1, -0.5, 0, 2];
  const logits = device.tensor(Array.from({ length: N }, () => row).flat(), [N, V]);
  const shares = (ids: Tensor): number[] => {
    const counts = [0, 0, 0, 0];
    for (const id of ids.data()) counts[id] += 1 / N;
    return counts;
  };
  const total = (some: readonly number[]): number => some.reduce((sum, x) => sum + Math.exp(x), 0);
  const close = (found: number[], expected: number[]): void => {
    for (const [id, share] of found.entries()) {
      // Five standard deviations.
      expect(Math.abs(share - expected[id])).toBeLessThan(
        5 * Math.sqrt((expected[id] * (1 - expected[id]) + 1e-9) / N),
      );
    }
  };
  close(
    shares(drawIds(logits, new Random(1))),
    row.map((x) => Math.exp(x) / total(row)),
  );
  const given = Int32Array.from({ length: N }, (_, i) => (i % 2 === 0 ? (i / 2) % V : -1));
  const mixed = [...drawIds(logits, new Random(3), { given }).data()];
  expect(mixed.filter((_, i) => i % 2 === 0)).toEqual(Array.from({ length: N / 2 }, (_, i) => i % V));
  const others = row.slice(0, 3);
  close(shares(drawIds(logits, new Random(2), { never: 3 })), [...others.map((x) => Math.exp(x) / total(others)), 0]);
});

test('an input that is sampled is embedded like a reference, and differs only where it is drawn', () => {
  const model = new EncoderDecoder(new PatchEncoder(), {
    ...{ vocabularySize: 3, dimension: 4, cell: 'gru', hidden: 6, layers: 1, dropout: 0 },
  });
  initialiseParameters(model, { source: [-1, 4, 3], targets: [-1, -1] }, device, 1);
  const source = reshape(device.tensor(Array.from({ length: 24 }, (_, i) => Math.sin(i))), [2, 4, 3]);
  const targets = { values: [0, 1, 2, 0, 3, 3], shape: [3, 2], lengths: [3, 3] };
  const lossWith = (sampling: number, seed: number): number =>
    sequenceLoss(model, model.read(source), targets, { training: true, random: new Random(seed) }, { sampling }).item();
  const forced = sequenceLoss(model, model.read(source), targets, inference, { sampling: 1 }).item();
  expect(lossWith(0, 1)).toBe(forced);
  expect(lossWith(1e-9, 1)).toBeCloseTo(forced, 6);
  expect(new Set([1, 2, 3, 4, 5].map((seed) => lossWith(1, seed))).size).toBeGreaterThan(1);
});
