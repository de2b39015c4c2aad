import { pipeline, Readable } from 'node:stream';
import { createGunzip, gunzipSync } from 'node:zlib';
import { FormatError } from 'unrolled';

/** Whether bytes begin as gzip files do (RFC 1952). */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * What a file holds, decompressed if it is gzip.
 * @param limit  the most bytes it may decompress to
 * @throws FormatError if it is damaged or larger
 */
export function unpacked(bytes: Uint8Array, limit: number): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (cause) {
    const tooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const reason = tooLarge
      ? `it decompresses to more than ${limit / 2 ** 20} MiB`
      : 'its gzip data is damaged or cut off';
    throw new FormatError(reason, { limit }, { cause });
  }
}

/**
 * The same for a stream of any length.
 * @throws FormatError if the compressed data is damaged
 */
export async function* unpackedStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const parts = source[Symbol.asyncIterator]();
  let begun: Uint8Array = new Uint8Array();
  while (begun.length < 2) {
    const { done, value } = await parts.next();
    if (done) break;
    begun = begun.length === 0 ? value : Buffer.concat([begun, value]);
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield begun;
    yield* { [Symbol.asyncIterator]: () => parts };
  };
  if (!isGzip(begun)) {
    yield* all();
    return;
  }
  const gunzip = createGunzip();
  // An error of the source ends the loop below.
  pipeline(Readable.from(all()), gunzip, () => {});
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if (!/^Z_/.test((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new FormatError('its gzip data is damaged or cut off', {}, { cause });
  }
}
