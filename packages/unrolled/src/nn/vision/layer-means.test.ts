import { expect, test } from 'vitest';
import { randomTensor } from '../../../../../test/small-convnet.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { ConfigError } from '../../errors.ts';
import { createDevice } from '../../ops/create-device.ts';
import { inference, initialiseParameters, type Layer } from '../layer.ts';
import { Sequential } from '../sequential.ts';
import {
  Activation,
  BatchNorm,
  Conv2d,
  GlobalAveragePool,
  InvertedResidual,
  imageLayerFrom,
  LayerMeans,
} from './index.ts';

const device = createDevice(referenceBackend());
const body = (): Sequential =>
  new Sequential({
    features: new Sequential([
      new Sequential([new Conv2d({ channels: 4, kernel: 3 }), new BatchNorm(), new Activation({ kind: 'relu' })]),
      new InvertedResidual({ channels: 4, expansion: 2 }),
      new Conv2d({ channels: 5, kernel: 1 }),
      new Activation({ kind: 'relu' }),
    ]),
    pool: new GlobalAveragePool(),
  });
const layers = { 'features.1.conv.1': 8, 'features.0': 4, 'features.2': 5 };

test('gives the end of the body, and the means of its layers, whether somebody observes or not', () => {
  const [plain, means] = [body(), new LayerMeans({ body: body(), layers }) as Layer];
  const again = imageLayerFrom(JSON.parse(JSON.stringify(means.config)));
  const x = randomTensor(device, [2, 7, 6, 3], 1);
  const parameters = [plain, means, again].map((layer) => initialiseParameters(layer, [-1, 7, 6, 3], device, 3));
  expect(parameters[1].names).toEqual(parameters[0].names);
  const seen = new Map<string, readonly number[]>();
  const y = plain.apply(x, {
    ...inference,
    observe(name, value) {
      seen.set(name, value.rank === 4 ? Array.from(value.mean({ axes: [1, 2] }).data()) : []);
      return value;
    },
  });
  const widths = Object.values(layers);
  const expected = [0, 1].flatMap((row) => [
    ...Array.from(y.data()).slice(5 * row, 5 * row + 5),
    ...Object.keys(layers).flatMap((name, i) => seen.get(name)!.slice(widths[i] * row, widths[i] * (row + 1))),
  ]);
  const names: string[] = [];
  const observe = (name: string, value: typeof x): typeof x => {
    names.push(name);
    return value;
  };
  for (const [layer, context] of [
    [means, inference],
    [again, inference],
    [means, { ...inference, observe }],
  ] as const) {
    const found = layer.apply(x, context);
    expect(found.shape).toEqual([2, 22]);
    for (const [i, value] of Array.from(found.data()).entries()) expect(value).toBeCloseTo(expected[i], 12);
  }
  expect(names).toEqual([...seen.keys()]);
});

test('declares what it gives, and needs layers and an end that fit', () => {
  const build = (layer: Layer) => initialiseParameters(layer, [-1, 7, 6, 3], device, 1);
  const maps = new Sequential([new Conv2d({ channels: 4, kernel: 1 })]);
  expect(() => build(new LayerMeans({ body: maps, layers }))).toThrow(/must end with features \[B, F\]/);
  expect(() => new LayerMeans({ body: new Activation({ kind: 'relu' }), layers })).toThrow(ConfigError);
  const missing = new LayerMeans({ body: body(), layers: { 'features.9': 3 } });
  build(missing);
  expect(() => missing.apply(device.ones([1, 7, 6, 3]), inference)).toThrow("no layer 'features.9'");
});
