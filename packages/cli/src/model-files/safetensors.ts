import { FormatError } from 'unrolled';
import { decodeSafetensors, type NamedArray } from 'unrolled/io';
import { decodeModel, encodeModel, isModelFile, taskOf } from 'unrolled/train';
import type { InspectedRow, ModelFormat } from './format.ts';

const kinds = { Float32Array: 'float32', Float64Array: 'float64', Int32Array: 'int32' } as const;

/** The rows of weights by name. */
export const rowsOf = (tensors: Readonly<Record<string, NamedArray>>): InspectedRow[] =>
  Object.entries(tensors).map(([name, { shape, data }]) => ({
    name,
    kind: kinds[data.constructor.name as keyof typeof kinds] ?? 'numbers',
    shape,
    parameters: data.length,
    refused: null,
  }));

/** The library's own files, and weights of other programs. */
export const safetensors: ModelFormat = {
  name: 'safetensors',
  endings: ['.safetensors'],
  /** A header of JSON after eight bytes of its length. */
  fits: (bytes) => bytes[8] === 0x7b && bytes.length > 9 && bytes[6] === 0 && bytes[7] === 0,
  instead: 'it is a safetensors file, which the library opens as it is',
  async inspect({ bytes }) {
    const { tensors, metadata, unread } = decodeSafetensors(bytes);
    const isModel = metadata.format?.startsWith('unrolled ') ?? false;
    const rows = rowsOf(tensors);
    const others = Object.entries(unread).map(([name, { dtype, shape }]) => ({
      name,
      kind: dtype,
      shape,
      parameters: shape.reduce((all, n) => all * n, 1),
      refused: `the type ${dtype} is not read`,
    }));
    const what = isModel ? `a model of task '${taskOf({ model: decodeModel(bytes).model })}'` : 'weights';
    return { what: `safetensors, ${what}`, rows: [...rows, ...others], problems: [] };
  },
  half: true,
  export: async (model, name, { half }) => ({ [name]: encodeModel(model, { half }) }),
  /** An exported model, no other file, and least of all a checkpoint. */
  replaces(bytes) {
    try {
      return isModelFile(bytes);
    } catch (error) {
      if (error instanceof FormatError) return false;
      throw error;
    }
  },
};
