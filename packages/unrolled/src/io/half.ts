/**
 * Numbers of 16 bits, as bits: float16 (IEEE 754 binary16: 5 bits of exponent, 10 of fraction, up to 65504) and bfloat16
 * (the upper half of a float32).
 */

/** With buffers of their own, written so that TypeScript before 5.7 reads it, too. */
type Halves = ReturnType<typeof Uint16Array.of>;
type Singles = ReturnType<typeof Float32Array.of>;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest float16, of two equally near the even one; beyond 65504 infinity. */
export function toHalf(numbers: Float32Array): Halves {
  const halves = new Uint16Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    float[0] = numbers[i];
    halves[i] = halfOf(bits[0]);
  }
  return halves;
}

function halfOf(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const size = single & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00; // NaN
  if (size >= 0x47800000) return sign | 0x7c00; // 65536 and more
  if (size >= 0x38800000) return sign | rounded(size - 0x38000000, 13); // the exponent's bias goes from 127 to 15
  // Below 2⁻¹⁴ it counts in units of 2⁻²⁴.
  const shift = 126 - (size >>> 23);
  return shift > 24 ? sign : sign | rounded((size & 0x7fffff) | 0x800000, shift);
}

/** Without its last bits, to the nearest, ties to even; a carry goes into the exponent, as it should. */
function rounded(value: number, shift: number): number {
  const whole = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return whole + Number(rest > middle || (rest === middle && (whole & 1) === 1));
}

/** Every float16 as a number, once one was needed. */
let numbersOfHalves: Float32Array | null = null;

/** Numbers of float16, given as their bits. */
export function fromHalf(halves: Uint16Array): Singles {
  numbersOfHalves ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => numberOf(half));
  const numbers = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) numbers[i] = numbersOfHalves[halves[i]];
  return numbers;
}

function numberOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(half >>> 10) & 31, half & 0x3ff];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

export function fromBfloat(halves: Uint16Array): Singles {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}
