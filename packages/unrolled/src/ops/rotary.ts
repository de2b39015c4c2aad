import { apply, type Operation } from '../autodiff/operation.ts';
import { ShapeError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Cosines and signed sines of the angles by which `rotary` turns, each `[B or 1, T, 1, D]`. */
export interface Angles {
  readonly cosines: Tensor;
  /** −sin in the first half of the last axis, sin in the second. */
  readonly sines: Tensor;
}

/**
 * The angles of positions (Su 2021): number i of the first half and number i of the second turn by position · base^(−2i/D).
 * @param positions  of each row, `[B or 1][T]`
 * @param depth  D, even
 */
export function rotaryAngles(
  device: Device,
  positions: readonly ArrayLike<number>[],
  depth: number,
  base = 10_000,
): Angles {
  const [rows, T] = [positions.length, positions[0]?.length ?? 0];
  const flat = positions.flatMap((row) => Array.from(row));
  const { cosines, sines } = rotaryTables(flat, depth, base);
  const [cosine, sine] = [cosines, sines].map((numbers) => device.tensor(numbers, [rows, T, 1, depth]));
  return { cosines: cosine, sines: sine };
}

/** As `rotaryAngles`, of positions in a row, away from any device: `[positions, D]` each. */
export function rotaryTables(
  positions: ArrayLike<number>,
  depth: number,
  base = 10_000,
): { readonly cosines: Float64Array; readonly sines: Float64Array } {
  const half = depth / 2;
  const rates = Float64Array.from({ length: half }, (_, i) => base ** (-i / half));
  const fill = (value: (angle: number, second: boolean) => number): Float64Array =>
    Float64Array.from({ length: positions.length * depth }, (_, at) => {
      const i = at % depth;
      return value(positions[Math.floor(at / depth)] * rates[i % half], i >= half);
    });
  return {
    cosines: fill((angle) => Math.cos(angle)),
    sines: fill((angle, second) => (second ? Math.sin(angle) : -Math.sin(angle))),
  };
}

const rotaryOperation: Operation<[Tensor], Angles & { readonly heads: number; readonly back: boolean }, null> = {
  name: 'rotary',
  forward([x], { cosines, sines, heads, back }, device) {
    const { backend } = device;
    const [B, T, width] = x.shape;
    const D = width / heads;
    const shape = [B, T, heads, D];
    const [across, turned] = [device.empty(shape), device.empty(shape)];
    // Halves exchanged.
    const extents = [B * T * heads, D / 2];
    for (const half of [0, 1]) {
      const from = { start: (half * D) / 2, strides: [D, 1] };
      const to = { start: ((1 - half) * D) / 2, strides: [D, 1] };
      backend.stridedCopy(x, from, across, to, extents, false);
    }
    backend.binary('mul', across, sines, turned);
    const straight = across;
    backend.binary('mul', x.view(shape), cosines, straight);
    const y = device.empty(x.shape);
    backend.binary(back ? 'sub' : 'add', straight, turned, y.view(shape));
    return { outputs: [y], saved: null };
  },
  // A rotation's transpose is its inverse.
  backward: ({ options, gradients: [dy] }) => [apply(rotaryOperation, [dy!], { ...options, back: !options.back })],
};

/**
 * Rotary positions (Su 2021): each head's vector is turned by angles that grow with its position, so that q·k depends on how far
 * apart they are. With (a, b) the halves of a head: (a, b) → (a cos − b sin, b cos + a sin). x `[B, T, H·D]`, D even.
 * @throws ShapeError if the angles do not fit
 */
export function rotary(x: Tensor, angles: Angles, heads: number): Tensor {
  const [B, T, width] = x.shape;
  const [rows, steps, , D] = angles.cosines.shape;
  if (x.rank !== 3 || width !== heads * D || T !== steps || (rows !== 1 && rows !== B) || D % 2 !== 0) {
    throw new ShapeError(
      `rotary: angles ${formatShape(angles.cosines.shape)} do not fit ${heads} heads of ${formatShape(x.shape)}`,
      { x: x.shape, angles: angles.cosines.shape },
    );
  }
  return apply(rotaryOperation, [x], { ...angles, heads, back: false });
}
