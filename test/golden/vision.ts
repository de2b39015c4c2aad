/** Numbers by name, so that the weights of whole networks need not be stored: see vision.py. */
interface Ruled {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** From 0 below 1. */
function uniform(name: string, count: number): Float64Array {
  let seed = 0;
  for (let i = 0; i < name.length; i++) seed = (Math.imul(seed, 31) + name.charCodeAt(i)) >>> 0;
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i + 1, 2654435761) + seed) >>> 0;
    h ^= h >>> 15;
    h = Math.imul(h, 2246822519) >>> 0;
    h ^= h >>> 13;
    numbers[i] = (h >>> 20) / 4096;
  }
  return numbers;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** The value of a parameter. */
export function ruledValue(name: string, shape: readonly number[]): Ruled {
  const data = uniform(name, sizeOf(shape));
  const fanIn = sizeOf(shape.slice(1));
  const unit = shape.length > 1 ? 2 ** Math.floor(Math.log2(6 / fanIn) / 2 + 0.25) : 1 / 8;
  const isPositive = shape.length === 1 && /\.weight$|running_var$/.test(name);
  for (let i = 0; i < data.length; i++) data[i] = isPositive ? 0.5 + data[i] : (2 * data[i] - 1) * unit;
  return { shape, data };
}

/** [count, height, width, channels] */
export function images(...shape: readonly number[]): Ruled {
  return { shape, data: uniform('images', sizeOf(shape)).map((u) => 2 * u - 1) };
}
