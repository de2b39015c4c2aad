import { expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { dense, input, sequential, tensorBoard } from '../index.ts';
import { maskedCrc } from './event-file.ts';

/** A reader of record files, by the format alone. */
function* records(file: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset);
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc(file.subarray(at, at + 8)));
    const bytes = file.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc(bytes));
    yield bytes;
    at += length + 16;
  }
}

test('the checksum is the published one: CRC-32C of 123456789 is e3069283', () => {
  const crc = 0xe3069283;
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  expect(maskedCrc(new TextEncoder().encode('123456789'))).toBe(masked);
});

test('a run writes files with its numbers, by epoch and by batch', async () => {
  const net = sequential([input({ shape: [1] }), dense({ units: 1 })], { device: await openDevice('reference') });
  net.compile({ optimizer: 'sgd', loss: 'mse' });
  const files = new Map<string, number[]>();
  const sink = {
    append(file: string, bytes: Uint8Array) {
      files.set(file, [...(files.get(file) ?? []), ...bytes]);
    },
  };
  const board = tensorBoard({ sink, updateFreq: 'batch', clock: () => 1_700_000_000 });
  const { history } = await net.fit([[1], [2], [3], [4]], [2, 4, 6, 8], {
    epochs: 2,
    batchSize: 2,
    verbose: 0,
    validationSplit: 0.5,
    callbacks: [board],
  });
  expect([...files.keys()]).toEqual([
    'train/events.out.tfevents.1700000000.unrolled',
    'validation/events.out.tfevents.1700000000.unrolled',
  ]);
  const [train, held] = [...files.values()].map((bytes) => [...records(Uint8Array.from(bytes))]);
  expect(train).toHaveLength(1 + 2 + 2);
  expect(held).toHaveLength(1 + 2);
  const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);
  expect(text(train[0])).toContain('brain.Event:2');
  expect(text(train[1])).toContain('batch_loss');
  const last = held[2];
  const place = text(last).indexOf('epoch_loss') + 'epoch_loss'.length;
  // Then the field of the value, and a float.
  expect(last[place]).toBe(0x15);
  const value = new DataView(last.buffer, last.byteOffset + place + 1).getFloat32(0, true);
  expect(value).toBeCloseTo(history.val_loss[1], 5);
});
