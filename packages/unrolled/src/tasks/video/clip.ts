import { shown } from '../../checks.ts';
import type { ExampleSource, Examples } from '../../data/examples.ts';
import { DataError } from '../../errors.ts';
import { imageInput } from '../../images/image-input.ts';
import type { Image } from '../../images/index.ts';
import { hashText, mix32 } from '../../random.ts';
import { mismatch, type Schema } from '../../schema.ts';

/** A video: its frames, which have one size, or F features of each, such as the joints of a pose. */
export type Clip = { readonly frames: readonly Image[] } | { readonly features: readonly ArrayLike<number>[] };

/** The most frames of one clip. */
export const mostFrames = 10_000;

/** T */
export const lengthOf = (clip: Clip): number => ('frames' in clip ? clip.frames : clip.features).length;

/** The clip with other of its frames. @param at  their indices */
export const framesAt = (clip: Clip, at: readonly number[]): Clip =>
  'frames' in clip ? { frames: at.map((t) => clip.frames[t]) } : { features: at.map((t) => clip.features[t]) };

/** @throws DataError unless the clip has from 1 to 10,000 frames of one size, or as many rows of features, finite and of one length */
export function requireClip(operation: string, clip: Clip): void {
  const wrong = (reason: string): DataError => new DataError(`${operation}: ${reason}`, { operation });
  const { frames, features } = (clip ?? {}) as { readonly frames?: unknown; readonly features?: unknown };
  const list = frames ?? features;
  if (!Array.isArray(list))
    throw wrong(`takes clips { frames: images } or { features: rows of numbers }, received ${shown(clip)}`);
  if (list.length === 0) throw wrong('a clip has no frame; give at least one');
  if (list.length > mostFrames) {
    throw wrong(`a clip has ${list.length} frames; at most ${mostFrames} are read: cut it, or take fewer of them`);
  }
  if ('frames' in clip) requireOneSize(wrong, clip.frames);
  else requireRows(wrong, clip.features);
}

function requireOneSize(wrong: (reason: string) => DataError, frames: readonly Image[]): void {
  const [{ width, height }] = frames;
  const odd = frames.findIndex((frame) => frame?.width !== width || frame.height !== height);
  if (odd < 0) return;
  throw wrong(
    `frame ${odd + 1} has ${frames[odd]?.width} × ${frames[odd]?.height} pixels, the first ${width} × ${height}; frames need one size`,
  );
}

function requireRows(wrong: (reason: string) => DataError, rows: readonly ArrayLike<number>[]): void {
  const F = rows[0]?.length;
  for (const [t, row] of rows.entries()) {
    if (!(F > 0) || row?.length !== F) {
      throw wrong(
        `frame ${t + 1} has ${row?.length ?? 'no'} features, the first ${F ?? 'none'}; frames need equally many`,
      );
    }
    for (let f = 0; f < F; f++) {
      if (!Number.isFinite(row[f]))
        throw wrong(`feature ${f + 1} of frame ${t + 1} must be a finite number, received ${shown(row[f])}`);
    }
  }
}

/** Reads a clip from JSON: `{ "frames": images }` or `{ "features": rows of numbers }`. */
export const clipInput: Schema<Clip> = (value, place) => {
  const { frames, features } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const list = frames ?? features;
  if (!Array.isArray(list) || (frames !== undefined && features !== undefined)) {
    throw mismatch(place, 'a clip: { frames: images } or { features: rows of numbers }', value);
  }
  const name = frames === undefined ? 'features' : 'frames';
  if (list.length === 0 || list.length > mostFrames) {
    throw mismatch(`${place}.${name}`, `a list of 1 to ${mostFrames} frames`, `${list.length} of them`);
  }
  const clip =
    frames === undefined
      ? { features: list.map((row, t) => numbersIn(row, `${place}.features[${t}]`)) }
      : { frames: list.map((frame, t) => imageInput(frame, `${place}.frames[${t}]`)) };
  requireClip(place, clip);
  return clip;
};

function numbersIn(value: unknown, place: string): readonly number[] {
  if (!Array.isArray(value)) throw mismatch(place, 'a list of numbers', value);
  const odd = value.findIndex((one) => !Number.isFinite(one));
  if (odd >= 0) throw mismatch(`${place}[${odd}]`, 'a finite number', value[odd]);
  return value;
}

/** Clips in memory as a source whose fingerprint is made of their numbers and labels. */
export function clipSource<Example extends { readonly clip: Clip }>(
  examples: Examples<Example>,
  labelOf: (example: Example) => string,
): ExampleSource<Example> {
  if (!Array.isArray(examples)) return examples as ExampleSource<Example>;
  const list = examples as readonly Example[];
  let fingerprint: number | null = null;
  return {
    length: list.length,
    // Only a checkpoint needs it.
    get fingerprint() {
      fingerprint ??= list.reduce((hash, one) => hashClip(hashText(labelOf(one), hash), one.clip), list.length);
      return fingerprint;
    },
    lengthOf: (index) => lengthOf(list[index].clip),
    read: (index) => list[index],
  };
}

const bits = new Int32Array(1);
const float = new Float32Array(bits.buffer);

function hashClip(hash: number, clip: Clip): number {
  let result = hash;
  if ('frames' in clip) {
    for (const { width, height, data } of clip.frames) {
      result = mix32(result ^ (width * 65537 + height));
      for (const byte of data) result = mix32(result ^ byte);
    }
    return result;
  }
  for (const row of clip.features) {
    for (let f = 0; f < row.length; f++) {
      float[0] = row[f];
      result = mix32(result ^ bits[0]);
    }
  }
  return result;
}
