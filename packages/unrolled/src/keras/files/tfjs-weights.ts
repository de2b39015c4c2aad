import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import { fromHalf } from '../../io/half.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import { sizeOf } from '../../shape.ts';
import { isRaw } from './options.ts';

/** A weight as a manifest lists it. */
export interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization: { readonly dtype: string; readonly scale: number; readonly min: number } | null;
}

/** Files whose bytes, one after the other, hold weights. */
export interface ManifestGroup {
  readonly paths: readonly string[];
  readonly weights: readonly ManifestEntry[];
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= 8 && value.every((n) => Number.isSafeInteger(n) && n >= 0);

/** The weights manifest of a `model.json`. @throws FormatError if it is none */
export function readManifest(given: unknown): ManifestGroup[] {
  if (!Array.isArray(given)) throw new FormatError('tfjs: weightsManifest is no list');
  return given.map((group) => {
    const { paths, weights } = isRaw(group) ? group : {};
    if (!Array.isArray(paths) || !Array.isArray(weights) || !paths.every((path) => typeof path === 'string')) {
      throw new FormatError('tfjs: a group of weightsManifest lacks paths or weights');
    }
    return { paths, weights: weights.map(entryOf) };
  });
}

function entryOf(given: unknown): ManifestEntry {
  const { name, shape, dtype, quantization } = isRaw(given) ? given : {};
  if (typeof name !== 'string' || !isCounts(shape) || typeof dtype !== 'string') {
    throw new FormatError(`tfjs: a weight needs a name, a shape and a dtype, received ${shown(given)}`);
  }
  if (quantization === undefined || quantization === null) return { name, shape, dtype, quantization: null };
  const { dtype: stored, scale = 1, min = 0 } = isRaw(quantization) ? quantization : {};
  if (typeof stored !== 'string' || !Number.isFinite(scale) || !Number.isFinite(min)) {
    throw new FormatError(`tfjs: the weight ${shown(name)} has the quantization ${shown(quantization)}`);
  }
  return { name, shape, dtype, quantization: { dtype: stored, scale: scale as number, min: min as number } };
}

const widths: Readonly<Record<string, number>> = { float32: 4, int32: 4, float16: 2, uint16: 2, uint8: 1, bool: 1 };

/**
 * The arrays of a group. Quantized weights are scale · n + min.
 * @throws FormatError if its files have too few bytes or too many, or a type is not read
 */
export function readGroup({ weights }: ManifestGroup, bytes: Uint8Array): Map<string, NamedArray> {
  const arrays = new Map<string, NamedArray>();
  let at = 0;
  for (const { name, shape, dtype, quantization } of weights) {
    const stored = quantization?.dtype ?? dtype;
    const size = sizeOf(shape);
    if (!Object.hasOwn(widths, stored))
      throw new FormatError(`tfjs: the weight ${shown(name)} is of the type ${shown(stored)}`);
    const end = at + size * widths[stored];
    if (!(end <= bytes.length)) {
      throw new FormatError(
        `tfjs: the weight ${shown(name)} ends at byte ${end} of ${bytes.length}; the file is cut off`,
        {
          name,
        },
      );
    }
    const part = new Uint8Array(bytes.subarray(at, end));
    const numbers = numbersOf(stored, part.buffer);
    const { scale, min } = quantization ?? { scale: 1, min: 0 };
    const isPlain = quantization === null || stored === 'float16' || stored === 'float32';
    arrays.set(name, { shape, data: isPlain ? numbers : numbers.map((n) => n * scale + min) });
    at = end;
  }
  if (at !== bytes.length) {
    throw new FormatError(
      `tfjs: ${bytes.length - at} bytes of the weights belong to none; the files do not fit model.json`,
    );
  }
  return arrays;
}

function numbersOf(dtype: string, buffer: ArrayBuffer): Float32Array {
  if (dtype === 'float32') return new Float32Array(buffer);
  if (dtype === 'float16') return fromHalf(new Uint16Array(buffer));
  if (dtype === 'int32') return Float32Array.from(new Int32Array(buffer));
  return Float32Array.from(dtype === 'uint16' ? new Uint16Array(buffer) : new Uint8Array(buffer));
}
