import { count } from '../checks.ts';
import { mismatch, optional, type Schema, scalar } from '../schema.ts';
import type { Image } from './image.ts';

const side = scalar<number>(count);
const channelCount = optional(scalar<1 | 3>({ must: '1 or 3', fits: (value) => value === 1 || value === 3 }));

/**
 * Reads an image from JSON: `{ width, height, channels, data }`, with its bytes as a list or as base64; channels may be left out.
 * A `Uint8Array` is taken as it is.
 */
export const imageInput: Schema<Image> = (value, place) => {
  const { width, height, channels, data } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof value !== 'object' || value === null || data === undefined) {
    throw mismatch(place, 'an image { width, height, channels, data }', value);
  }
  const [w, h] = [side(width, `${place}.width`), side(height, `${place}.height`)];
  const bytes = bytesOf(data, `${place}.data`);
  const given = channelCount(channels, `${place}.channels`) ?? (bytes.length === w * h ? 1 : 3);
  if (bytes.length === w * h * given) return { width: w, height: h, channels: given, data: bytes };
  throw mismatch(`${place}.data`, `${w} · ${h} · ${given} = ${w * h * given} bytes`, `${bytes.length} bytes`);
};

const isByte = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;

function bytesOf(data: unknown, place: string): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data === 'string') {
    try {
      return Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    } catch {
      throw mismatch(place, 'base64', data);
    }
  }
  if (!Array.isArray(data)) throw mismatch(place, 'a list of bytes, or base64', data);
  const odd = data.findIndex((one) => !isByte(one));
  if (odd >= 0) throw mismatch(`${place}[${odd}]`, 'a byte, from 0 to 255', data[odd]);
  return Uint8Array.from(data as number[]);
}
