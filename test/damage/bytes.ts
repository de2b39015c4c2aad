import type { Random } from 'unrolled';

/** A file with a few of its bytes changed, left out, repeated or moved. */
export function withOtherBytes(file: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(file);
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(Math.max(1, bytes.length));
    const length = random.below(40);
    switch (random.below(8)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + length));
        break;
      case 4:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at));
        break;
      case 5:
        // A number that is larger than any there should be.
        bytes = joined(
          bytes.subarray(0, at),
          Uint8Array.from({ length: 1 + random.below(9) }, () => 255),
          Uint8Array.of(1),
          bytes.subarray(at + 1),
        );
        break;
      case 6:
        // One of 2, 4 or 8 bytes in its place.
        bytes.set(
          Uint8Array.from(
            { length: 2 << random.below(3) },
            () => [0, 255, random.below(256)][random.below(3)],
          ).subarray(0, bytes.length - at),
          at,
        );
        break;
      default: {
        const from = random.below(Math.max(1, bytes.length));
        bytes.set(
          bytes.slice(from, Math.min(from + length, bytes.length - at + from)).subarray(0, bytes.length - at),
          at,
        );
      }
    }
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
