import { describe, expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { Embedding } from './embedding.ts';
import { Linear } from './linear.ts';

describe('configurations saved by earlier versions still make the layer', () => {
  test.each([
    [() => new Embedding({ entries: 5, size: 3 } as never), { layer: 'embedding', vocabularySize: 5, dimension: 3 }],
    [() => new Linear({ units: 2, firstBias: 1 } as never), { layer: 'linear', units: 2, biasInit: 1 }],
  ])('%s', (create, config) => {
    expect(create().config).toEqual(config);
  });
});

test('a configuration makes the same layer again', () => {
  const { config } = new Linear({ units: 2, bias: false });
  expect(new Linear(config).config).toEqual(config);
});

describe('options that cannot work are refused with their name', () => {
  test.each([
    [() => new Linear({ units: 2, biass: false } as never), "linear: there is no option 'biass'; did you mean 'bias'?"],
    [() => new Linear({ units: 2.5 }), 'linear: units must be a whole number from 1, received 2.5'],
    [() => new Linear({ units: 2, biasInit: Number.NaN }), 'linear: biasInit must be a finite number, received NaN'],
    [() => new Embedding({ vocabularySize: 0, dimension: 3 }), 'vocabularySize must be a whole number from 1'],
    [() => new Embedding({ vocabularySize: 4 } as never), 'embedding: dimension must be a whole number from 1'],
  ])('%s', (create, message) => {
    expect(create).toThrow(ConfigError);
    expect(create).toThrow(message);
  });
});
