/** Whole files of every format, how each is damaged, and what opens it. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Device, Random, Tensor } from 'unrolled';
import { decodePytorch, decodeSafetensors, encodePytorch, encodeSafetensors, stateDictOf } from 'unrolled/io';
import { exportKeras, exportTfjs, importKeras, importTfjs, inspectKeras, inspectTfjs } from 'unrolled/keras';
import { openOnnx, toOnnx } from 'unrolled/onnx';
import { decodeModel } from 'unrolled/train';
import { type Dataset, type Group, readHdf5 } from '../../packages/unrolled/src/io/hdf5/read.ts';
import { encodeZip, isZip, openZip } from '../../packages/unrolled/src/io/zip.ts';
import { layerTable } from '../../packages/unrolled/src/keras/files/layer-table.ts';
import { cases } from '../onnx/models.ts';
import { mutated } from '../onnx/mutations.ts';
import { tensorOf } from '../onnx/written.ts';
import { withOtherBytes } from './bytes.ts';
import { changedJson } from './content.ts';
import { pretrained } from './pretrained.ts';

/** A file to be damaged. */
export interface Sample {
  readonly name: string;
  /** A damaged copy. @returns what opens it */
  damage(random: Random): () => unknown;
}

export interface Format {
  /** The samples of this repository, or the files of a folder. */
  samples(device: Device, folder?: string): Promise<readonly Sample[]>;
}

const golden = join(import.meta.dirname, '../golden');
const recordings = join(golden, 'model-files');
const unpacked = (text: string): Uint8Array => new Uint8Array(gunzipSync(Buffer.from(text, 'base64')));

interface File {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The architecture beside weights alone, or the weights beside a `model.json`. */
  readonly beside?: string | Uint8Array | undefined;
}

/** Recordings of other programs, whose names match. */
const recorded = (names: RegExp): File[] =>
  globSync('*.json', { cwd: recordings })
    .filter((file) => names.test(file))
    .sort()
    .map((file) => {
      const { file: packed, config, weights } = JSON.parse(readFileSync(join(recordings, file), 'utf8'));
      const beside = config ? new TextDecoder().decode(unpacked(config)) : weights ? unpacked(weights) : undefined;
      return { name: file, bytes: unpacked(packed), beside };
    });

const inFolder = (folder: string, pattern: string): File[] =>
  globSync(join(folder, pattern))
    .sort()
    .map((path) => ({ name: basename(path), bytes: new Uint8Array(readFileSync(path)) }));

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const text = (bytes: Uint8Array): string => decoder.decode(bytes);

const classNames = [...Object.keys(layerTable), 'Bidirectional', 'TimeDistributed', 'RNN', 'Functional', 'Sequential'];

/** One of the files in a zip archive, damaged in its own way, in an archive that is whole; or the archive itself. */
function damagedZip(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.below(4) === 0) return withOtherBytes(bytes, random);
  const zip = openZip('damage', bytes);
  const files: Record<string, Uint8Array> = Object.fromEntries(
    zip.names.map((name) => [name, Uint8Array.from(zip.read(name))]),
  );
  const name = zip.names[random.below(zip.names.length)];
  files[name] = name.endsWith('.json')
    ? encoder.encode(changedJson(text(files[name]), classNames, random))
    : withOtherBytes(files[name], random);
  return encodeZip(files) as Uint8Array;
}

const isHarmless = (bytes: Uint8Array): boolean => bytes.length < 2 ** 20;

/** Reads every data set. */
function readAll(member: Group | Dataset): void {
  if (member.kind === 'dataset') member.read();
  else for (const one of member.members.values()) readAll(one);
}

async function ownModels(): Promise<File[]> {
  const names = ['lstm, masked, both directions', 'attention', 'convolutions of images', 'states passed on'];
  return Promise.all(
    names.map(async (name) => ({ name: `own ${name}`, bytes: await exportKeras(cases[name]().model as never) })),
  );
}

const keras: Format = {
  async samples(_, folder) {
    const files = folder
      ? inFolder(folder, '**/*.{keras,h5,hdf5}').filter(({ bytes }) => isHarmless(bytes))
      : [...recorded(/^keras-/), ...(await ownModels())];
    return files.map(({ name, bytes, beside }) => ({
      name,
      damage(random) {
        const isArchive = isZip(bytes);
        // The architecture of HDF5 is a text in it, which other lengths would move.
        const file = isArchive ? damagedZip(bytes, random) : withOtherBytes(bytes, random);
        const config = typeof beside === 'string' && random.below(2) ? changedJson(beside, classNames, random) : beside;
        const options = typeof config === 'string' ? { config } : {};
        return () => {
          inspectKeras(file, options);
          importKeras(file, options);
        };
      },
    }));
  },
};

const tfjs: Format = {
  async samples() {
    const own = await exportTfjs(cases['gru, reset before']().model as never);
    const [json, weights] = Object.values(own);
    const files = [...recorded(/^tfjs-/), { name: 'own', bytes: json, beside: weights }];
    return files.map(({ name, bytes, beside }) => ({
      name,
      damage(random) {
        const isJson = random.below(4) > 0;
        const file = isJson ? encoder.encode(changedJson(text(bytes), classNames, random)) : bytes;
        const numbers = isJson ? (beside as Uint8Array) : withOtherBytes(beside as Uint8Array, random);
        return () => {
          inspectTfjs(file, () => numbers);
          importTfjs(file, () => numbers);
        };
      },
    }));
  },
};

const hdf5: Format = {
  async samples(_, folder) {
    const files = folder
      ? inFolder(folder, '**/*.{h5,hdf5}').filter(({ bytes }) => isHarmless(bytes))
      : recorded(/^keras-.*-h5/);
    return files.map(({ name, bytes }) => ({
      name,
      damage(random) {
        const file = withOtherBytes(bytes, random);
        return () => readAll(readHdf5(file));
      },
    }));
  },
};

const pytorch: Format = {
  async samples(_, folder) {
    const own = encodePytorch({ 'a.weight': { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } });
    const files = folder
      ? inFolder(folder, '**/*.{pt,pth,bin}').filter(({ bytes }) => isHarmless(bytes))
      : [...inFolder(golden, '*.pt'), { name: 'own', bytes: own }];
    return files.map(({ name, bytes }) => ({
      name,
      damage(random) {
        const file = isZip(bytes) ? damagedZip(bytes, random) : withOtherBytes(bytes, random);
        return () => stateDictOf(decodePytorch(file));
      },
    }));
  },
};

const safetensors: Format = {
  async samples(device) {
    const numbers = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    const tensors = { a: numbers, b: { shape: [1], data: Int32Array.of(7) } };
    const { model } = cases['lstm, both directions']();
    void device;
    const files = [
      { name: 'tensors', bytes: encodeSafetensors({ tensors, metadata: { format: 'pt' } }) },
      { name: 'half', bytes: encodeSafetensors({ tensors: { a: numbers }, metadata: {} }, { half: true }) },
      { name: 'model', bytes: await model.save({ includeOptimizer: false }) },
      { name: 'checkpoint', bytes: await model.save() },
    ];
    return files.map(({ name, bytes }) => ({
      name,
      damage(random) {
        const file = random.below(2) ? withOtherBytes(bytes, random) : withOtherHeader(bytes, random);
        return () => {
          decodeSafetensors(file);
          if (name === 'model' || name === 'checkpoint') decodeModel(file);
        };
      },
    }));
  },
};

/** Another header, with the length that it has. */
function withOtherHeader(bytes: Uint8Array, random: Random): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const words = ['F32', 'F16', 'I64', 'BF16', 'F4', 'C64', '__metadata__'];
  const header = encoder.encode(changedJson(text(bytes.subarray(8, 8 + length)), words, random));
  const file = new Uint8Array(8 + header.length + bytes.length - 8 - length);
  new DataView(file.buffer).setUint32(0, header.length, true);
  file.set(header, 8);
  file.set(bytes.subarray(8 + length), 8 + header.length);
  return file;
}

const onnx: Format = {
  async samples(device, folder) {
    const files: { name: string; bytes: Uint8Array; inputs: readonly Tensor[] }[] = [];
    if (folder === undefined) {
      for (const [name, make] of Object.entries(cases)) {
        const { model, inputs, options } = make();
        files.push({ name, bytes: await toOnnx(model, options), inputs: inputs.map((one) => tensorOf(device, one)) });
      }
    }
    for (const { name, bytes } of folder === undefined ? [] : inFolder(folder, '**/*.onnx')) {
      const model = await openOnnx(device, bytes).catch(() => null);
      if (model === null) continue;
      const inputs = model.inputs.map(({ shape, type }) => {
        const extents = (shape ?? []).map((n) => (typeof n === 'number' ? n : 2));
        return type.includes('int')
          ? device.ids(new Int32Array(extents.reduce((a, b) => a * b, 1)).fill(1), extents)
          : device.ones(extents);
      });
      model.close();
      files.push({ name, bytes, inputs });
    }
    return files.map(({ name, bytes, inputs }) => ({
      name,
      damage(random) {
        const file = mutated(bytes, random);
        return () => openAndRun(device, file, inputs);
      },
    }));
  },
};

/** Opens a file and runs it with these tensors, whose names and shapes may no longer fit. */
export async function openAndRun(device: Device, file: Uint8Array, inputs: readonly Tensor[]): Promise<void> {
  const model = await openOnnx(device, file);
  try {
    const named = Object.fromEntries(model.inputs.map(({ name }, i) => [name, inputs[i % inputs.length]]));
    device.release(model.run(named));
  } finally {
    model.close();
  }
}

export const formats: Readonly<Record<string, Format>> = { keras, tfjs, hdf5, pytorch, safetensors, pretrained, onnx };
