import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { inference, initialiseParameters } from './layer.ts';
import { layerFrom } from './layer-from.ts';
import { LayerNorm } from './layer-norm.ts';
import { Linear } from './linear.ts';
import { Sequential } from './sequential.ts';

const device = createDevice(referenceBackend());
const x = device.tensor([[1, 2]]);

/** fc1 → block (0: linear, 1: norm) → fc2, the block's first layer without a name of its own. */
const named = () =>
  new Sequential({
    fc1: new Linear({ units: 3 }),
    block: new Sequential([new Linear({ units: 4 }), new Sequential({ '': new LayerNorm() })]),
    fc2: new Linear({ units: 2, bias: false }),
  });

describe('named layers', () => {
  test('name the parameters, and are in the configuration', () => {
    const model = named();
    const parameters = initialiseParameters(model, [-1, 2], device, 1);
    const [fc1, block] = [
      ['fc1.weight', 'fc1.bias'],
      ['block.0.weight', 'block.0.bias', 'block.1.weight', 'block.1.bias'],
    ];
    expect(parameters.names).toEqual([...fc1, ...block, 'fc2.weight']);
    expect(model.names).toEqual(['fc1', 'block', 'fc2']);
    const again = layerFrom(JSON.parse(JSON.stringify(model.config)));
    expect(initialiseParameters(again, [-1, 2], device, 1).names).toEqual(parameters.names);
    expect([...(again.apply(x as never, inference) as Tensor).data()]).toEqual([...model.apply(x, inference).data()]);
  });

  test('that are whole numbers are the same as positions', () => {
    const layers = [new Linear({ units: 3 }), new LayerNorm()];
    const names = [new Sequential(layers), new Sequential({ 0: layers[0], 1: layers[1] })].map(
      (model) => initialiseParameters(model, [-1, 2], device, 1).names,
    );
    expect(names[1]).toEqual(names[0]);
  });

  test('have no dot', () => {
    expect(() => new Sequential({ 'layer1.0': new LayerNorm() })).toThrow(ConfigError);
    expect(() => new Sequential({ 'layer1.0': new LayerNorm() })).toThrow("the layer name 'layer1.0' has a dot");
  });
});

describe('an observer', () => {
  test('sees the output of each layer under the path of its parameters, inner ones first', () => {
    const model = named();
    initialiseParameters(model, [-1, 2], device, 1);
    const seen: [string, readonly number[]][] = [];
    const y = model.apply(x, {
      training: false,
      observe(layer, value) {
        seen.push([layer, value.shape]);
        return value;
      },
    });
    expect(seen).toEqual([
      ['fc1', [1, 3]],
      ['block.0', [1, 4]],
      ['block.1', [1, 4]],
      ['block', [1, 4]],
      ['fc2', [1, 2]],
    ]);
    expect([...y.data()]).toEqual([...model.apply(x, inference).data()]);
  });

  test('may replace what the next layer takes', () => {
    const model = named();
    initialiseParameters(model, [-1, 2], device, 1);
    const y = model.apply(x, {
      training: false,
      observe: (layer, value) => (layer === 'block' ? device.zeros(value.shape) : value),
    });
    expect([...y.data()]).toEqual([0, 0]);
  });
});
