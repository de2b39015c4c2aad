import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import { sizeOf } from '../../shape.ts';
import type { Bytes } from '../bytes.ts';
import type { NamedArray } from '../safetensors.ts';
import { encodeZip } from '../zip.ts';

const encoder = new TextEncoder();
const latin = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

const global = (module: string, name: string): number[] => latin(`c${module}\n${name}\n`);

function unicode(text: string): number[] {
  const bytes = encoder.encode(text);
  return [...latin('X'), ...littleEndian(bytes.length), ...bytes];
}

const littleEndian = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/** BININT holds 31 bits; LONG1 more. */
function whole(value: number): number[] {
  if (value < 2 ** 31) return [...latin('J'), ...littleEndian(value)];
  return [0x8a, 8, ...littleEndian(value % 2 ** 32), ...littleEndian(Math.floor(value / 2 ** 32))];
}

const tuple = (items: readonly number[][]): number[] => [...latin('('), ...items.flat(), ...latin('t')];

const storageOf = (name: string, { data }: NamedArray): string => {
  if (data instanceof Float32Array) return 'FloatStorage';
  if (data instanceof Float64Array) return 'DoubleStorage';
  if (data instanceof Int32Array) return 'IntStorage';
  throw new FormatError(`pytorch: ${shown(name)} must be a Float32Array, Float64Array or Int32Array`, { name });
};

function tensor(name: string, array: NamedArray, key: number): number[] {
  const { shape, data } = array;
  if (sizeOf(shape) !== data.length) {
    throw new FormatError(`pytorch: ${shown(name)} has ${data.length} numbers for shape ${shown(shape)}`, { name });
  }
  const storage = tuple([
    unicode('storage'),
    global('torch', storageOf(name, array)),
    unicode(String(key)),
    unicode('cpu'),
    whole(data.length),
  ]);
  const strides = shape.map((_, axis) => Math.max(1, sizeOf(shape.slice(axis + 1))));
  const hooks = [...global('collections', 'OrderedDict'), ...latin(')R')];
  const args = [
    [...storage, ...latin('Q')],
    whole(0),
    tuple(shape.map(whole)),
    tuple(strides.map(whole)),
    latin('\x89'),
    hooks,
  ];
  return [...global('torch._utils', '_rebuild_tensor_v2'), ...tuple(args), ...latin('R')];
}

/**
 * Writes tensors as a state dict in PyTorch's zip form, which `torch.load` opens, also with `weights_only=True`. Names and
 * order are kept.
 * @throws FormatError if a tensor has other numbers than its shape wants
 */
export function encodePytorch(tensors: Readonly<Record<string, NamedArray>>): Bytes {
  const named = Object.entries(tensors);
  const items = named.map(([name, array], key) => [...unicode(name), ...tensor(name, array, key)]);
  const dict = [...global('collections', 'OrderedDict'), ...latin(')R'), ...latin('('), ...items.flat(), ...latin('u')];
  const files: Record<string, Uint8Array> = { 'archive/data.pkl': Uint8Array.from([0x80, 2, ...dict, ...latin('.')]) };
  files['archive/byteorder'] = encoder.encode('little');
  named.forEach(([, { data }], key) => {
    files[`archive/data/${key}`] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  });
  files['archive/version'] = encoder.encode('3\n');
  return encodeZip(files);
}
