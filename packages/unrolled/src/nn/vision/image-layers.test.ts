import { BatchNorm, Conv2d, imageLayerFrom, Linear, layerFrom, Residual, Sequential } from 'unrolled/nn';
import { expect, test } from 'vitest';

test('imageLayerFrom makes what layerFrom makes, without recurrent layers', () => {
  const body = new Sequential({ conv: new Conv2d({ channels: 4, kernel: 3, padding: 'same' }), norm: new BatchNorm() });
  const { config } = new Sequential([new Residual({ body, activation: 'relu' }), new Linear({ units: 2 })]);
  expect(imageLayerFrom(config).config).toEqual(layerFrom(config).config);
  expect(() => imageLayerFrom({ layer: 'recurrent' })).toThrow(
    /unknown layer 'recurrent'; Use activation, .*separableConv2d/,
  );
});
