import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError, DataError, ShapeError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, concat, matmul } from '../ops/index.ts';
import { sizeOf } from '../shape.ts';

const device = createDevice(referenceBackend());
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });

describe('numbers', () => {
  test('come back nested as they were given, for all shapes', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const flat = Array.from({ length: sizeOf(shape) }, (_, i) => i);
        const x = device.tensor(flat, shape);
        const nested = x.toArray() as number[];
        const again = device.tensor(nested);
        expect(again.shape).toEqual(shape);
        expect([...again.data()]).toEqual(flat);
      }),
    );
  });

  test('may be one, an array, a typed array, or nested with a shape of their own', () => {
    expect(device.tensor(5).shape).toEqual([]);
    expect(device.tensor([]).shape).toEqual([0]);
    expect(device.tensor(Float32Array.of(1, 2)).shape).toEqual([2]);
    expect(
      device
        .tensor(
          [
            [1, 2],
            [3, 4],
          ],
          [4],
        )
        .toArray(),
    ).toEqual([1, 2, 3, 4]);
    expect(device.tensor([1, 2, 3, 4], [2, 2]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('that do not fill their shape are an error that says how many there are', () => {
    expect(() => device.tensor([1, 2, 3], [2, 2])).toThrow('tensor: 3 numbers do not fill shape [2, 2], which has 4');
    expect(() => device.tensor([1, 2, 3], [2, 2])).toThrow(ShapeError);
    expect(() => device.tensor([[1, 2], [3]])).toThrow(
      'tensor: nested row 1 has shape [1], row 0 has [2]; give rows of one shape',
    );
    expect(() => device.zeros([2, -1])).toThrow('[2, -1] has an extent that is not a whole number');
    expect(() => device.zeros([1.5])).toThrow(ShapeError);
  });

  test('nested unevenly are refused even where the counts agree', () => {
    const uneven = [
      [1, 2, 3, 4],
      [
        [5, 6],
        [7, 8],
      ],
    ];
    expect(() => device.tensor(uneven)).toThrow(ShapeError);
  });

  test('of one element are an item, of several not', () => {
    expect(device.tensor([[7]]).item()).toBe(7);
    expect(() => device.ones([2]).item()).toThrow('item: shape [2] holds 2 numbers; use data()');
  });

  test('are copies: changing them does not change the tensor', () => {
    const x = device.tensor([1, 2]);
    x.data()[0] = 9;
    expect([...x.data()]).toEqual([1, 2]);
  });

  test('read later are the same', async () => {
    expect([...(await device.tensor([1, 2]).read())]).toEqual([1, 2]);
  });

  test.each([
    [() => device.ids([0, Number.NaN]), 'ids: NaN at position 1 is not a whole number of 32 bits'],
    [() => device.ids([2 ** 31]), 'ids: 2147483648 at position 0'],
    [() => device.ids(Float64Array.of(1, 2, 1.7)), 'ids: 1.7 at position 2'],
    [() => device.tensor(['1', '2'] as never), "tensor: '1' at position 0 is not a number"],
    [() => device.tensor([[1], [null]] as never), 'tensor: null at position 1 is not a number'],
    [() => device.tensor('12' as never), "tensor: '12' at position 0 is not a number"],
  ])('that are none are named: %s', (make, message) => {
    expect(make).toThrow(DataError);
    expect(make).toThrow(message);
  });

  test('as ids are int32', () => {
    expect(device.ids([3, 1]).dtype).toBe('int32');
    expect(device.ids([3, 1]).data()).toBeInstanceOf(Int32Array);
  });
});

describe('a view', () => {
  test('has the same memory under another shape and start', () => {
    const x = device.tensor([0, 1, 2, 3, 4, 5]);
    const before = device.memory().bytes;
    const view = x.view([2, 2], 2);
    expect(view.toArray()).toEqual([
      [2, 3],
      [4, 5],
    ]);
    expect(view.view([2], 1).toArray()).toEqual([3, 4]);
    expect(device.memory().bytes).toBe(before);
  });

  test('that is detached stops gradients, and one that is tracked starts them', () => {
    const x = device.ones([2]).track();
    expect(add(x, 1).tracked).toBe(true);
    expect(add(x.detach(), 1).tracked).toBe(false);
  });
});

test('tensors of two devices do not meet', () => {
  const other = createDevice(referenceBackend());
  const [a, b] = [device.ones([2, 2]), other.ones([2, 2])];
  for (const mix of [() => add(a, b), () => matmul(a, b), () => concat([a, b])]) {
    expect(mix).toThrow(ConfigError);
    expect(mix).toThrow('its tensors live on two devices; make them on one');
  }
});

test('recording is as before when the function without gradients throws', () => {
  expect(() =>
    device.withoutGradients(() => {
      throw new Error('stop');
    }),
  ).toThrow('stop');
  expect(device.recording).toBe(true);
});

test('ids made from numbers are known without asking the device, in views too', () => {
  const numbers = new Int32Array([3, 1, 2, 5, 4, 0]);
  const ids = device.ids(numbers, [2, 3]);
  numbers.fill(7);
  const before = device.transfers;
  expect(ids.toArray()).toEqual([
    [3, 1, 2],
    [5, 4, 0],
  ]);
  expect([...ids.at(1).slice(0, 1).data()]).toEqual([4, 0]);
  expect([...ids.reshape([3, 2]).at(-1).ids!]).toEqual([4, 0]);
  ids.data()[0] = 9;
  expect(ids.data()[0]).toBe(3);
  expect(device.transfers).toBe(before);
  expect(ids.transpose().ids).toBeNull();
  expect(device.tensor([1, 2]).argmax().ids).toBeNull();
});
