import { type Device, FormatError, openDevice, Random, UnrolledError } from 'unrolled';
import { decodePytorch, decodeSafetensors, encodePytorch } from 'unrolled/io';
import { dense, exportKeras, exportTfjs, importKeras, importTfjs, input, sequential, useDevice } from 'unrolled/keras';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dataset, type Group, readHdf5 } from '../../packages/unrolled/src/io/hdf5/read.ts';
import { writeHdf5 } from '../../packages/unrolled/src/io/hdf5/write.ts';
import { encodeZip, openZip } from '../../packages/unrolled/src/io/zip.ts';
import { attempt } from './attempt.ts';
import { formats } from './formats.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('wasm', { threads: 1 });
  useDevice(device);
});
afterAll(() => device.close());

const { onnx: _, ...others } = formats;

describe('a damaged file is refused by an error of the library, or opens', () => {
  test.each(Object.keys(others))('%s', async (name) => {
    const random = new Random(3);
    const samples = await others[name].samples(device);
    const counts = { opened: 0, refused: 0, crashed: 0 };
    for (let i = 0; i < 400; i++) {
      const { kind, error } = await attempt(samples[i % samples.length].damage(random));
      counts[kind]++;
      if (kind === 'crashed') throw new Error(`not refused by name: ${error!.message}`, { cause: error });
    }
    expect(counts.refused).toBeGreaterThan(80);
    expect(counts.opened).toBeGreaterThan(10);
  });
});

/** An archive whose directory says that its one file was deflated from so many bytes. */
function bomb(name: string, stored: number, claimed: number): Uint8Array {
  const file = encodeZip({ [name]: new Uint8Array(stored) });
  const view = new DataView(file.buffer);
  const entry = file.length - 22 - 46 - name.length;
  view.setUint16(entry + 10, 8, true);
  view.setUint32(entry + 24, claimed, true);
  return file;
}

/** A JSON of so many layers, each inside another. */
const layersInEachOther = (depth: number): string =>
  `${'{"class_name":"TimeDistributed","config":{"layer":'.repeat(depth)}null${'}}'.repeat(depth)}`;

const header = (length: bigint, json: string): Uint8Array => {
  const bytes = new TextEncoder().encode(json);
  const file = new Uint8Array(8 + bytes.length);
  new DataView(file.buffer).setBigUint64(0, length, true);
  file.set(bytes, 8);
  return file;
};

const model = () => sequential([input({ shape: [2] }), dense({ units: 1 })]);
const text = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

test.each<[string, () => unknown, RegExp]>([
  ['a zip bomb in .keras', () => importKeras(bomb('config.json', 2 ** 20, 2 ** 30)), /claims 1073741824 bytes/],
  ['a zip bomb in .pt', () => decodePytorch(bomb('archive/data.pkl', 2 ** 20, 2 ** 30)), /claims 1073741824 bytes/],
  ['a file that claims more than deflate can do', () => importKeras(bomb('config.json', 10, 2 ** 20)), /claims/],
  [
    'layers inside each other without end',
    () => importKeras(text(`{"class_name":"Sequential","config":{"layers":[${layersInEachOther(20_000)}]}}`)),
    /damaged|deep/,
  ],
  ['lists inside each other without end', () => importKeras(text(`{"class_name":${'['.repeat(200_000)}`)), /not JSON/],
  ['a header of 2⁶² bytes', () => decodeSafetensors(header(2n ** 62n, '{}')), /header/],
  [
    'a tensor of 2⁵⁰ numbers',
    () =>
      decodeSafetensors(header(BigInt(71), '{"a":{"dtype":"F32","shape":[33554432,33554432],"data_offsets":[0,4]}} ')),
    /safetensors/,
  ],
  [
    'a layer of 2⁵² units',
    async () => {
      const files = await exportTfjs(model());
      const json = new TextDecoder().decode(files['model.json']).replace('"units":1', '"units":4503599627370496');
      return importTfjs(text(json), (name) => files[name]);
    },
    /tfjs|keras/,
  ],
])('%s is refused in no time', async (_, open, message) => {
  const { error, milliseconds } = await attempt(open);
  expect(error).toBeInstanceOf(FormatError);
  expect(error!.message).toMatch(message);
  expect(milliseconds).toBeLessThan(500);
});

test('HDF5: any address in place of any other is refused or opens, and circles of groups are found', () => {
  const numbers = { shape: [2], data: Float32Array.of(1, 2) };
  const file = writeHdf5({ members: { a: { members: { b: { members: { c: numbers } } } }, d: { members: {} } } });
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const places: number[] = [];
  for (let at = 8; at + 8 <= file.length; at += 4) {
    const value = view.getBigUint64(at, true);
    if (value >= 48n && value < BigInt(file.length)) places.push(at);
  }
  const addresses = [...new Set(places.map((at) => view.getBigUint64(at, true)))];
  const readAll = (member: Group | Dataset): void => {
    if (member.kind === 'dataset') member.read();
    else for (const one of member.members.values()) readAll(one);
  };
  const messages = new Set<string>();
  for (const at of places) {
    const own = view.getBigUint64(at, true);
    for (const other of addresses) {
      view.setBigUint64(at, other, true);
      try {
        readAll(readHdf5(file));
      } catch (error) {
        if (!(error instanceof UnrolledError)) throw error;
        messages.add(error.message);
      }
    }
    view.setBigUint64(at, own, true);
  }
  expect([...messages].join()).toContain('its links lead in a circle');
});

test('HDF5: data sets cannot claim more numbers than the file has', async () => {
  const file = await exportKeras(sequential([input({ shape: [64] }), dense({ units: 64 })]), 'h5');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // Extents of the kernel, 64 × 64, become 2²⁰ × 2²⁰.
  for (let at = 0; at + 16 <= file.length; at += 4) {
    if (view.getBigUint64(at, true) !== 64n || view.getBigUint64(at + 8, true) !== 64n) continue;
    view.setBigUint64(at, 2n ** 20n, true);
    view.setBigUint64(at + 8, 2n ** 20n, true);
  }
  const { error } = await attempt(() => importKeras(file));
  expect(error).toBeInstanceOf(FormatError);
});

test('PyTorch: a storage and a tensor that claim more numbers than the file has are refused', () => {
  const zip = openZip('test', encodePytorch({ a: { shape: [300], data: new Float32Array(300) } }));
  const files = Object.fromEntries(zip.names.map((name) => [name, Buffer.from(zip.read(name))]));
  const pickle = files[zip.names.find((name) => name.endsWith('data.pkl'))!];
  let places = 0;
  for (let at = pickle.indexOf(Buffer.of(44, 1)); at >= 0; at = pickle.indexOf(Buffer.of(44, 1), at + 1)) {
    pickle.writeUInt16LE(65535, at);
    places++;
  }
  expect(places).toBeGreaterThan(1);
  expect(() => decodePytorch(encodeZip(files))).toThrow('a storage of 65535 numbers has 1200 bytes');
});
