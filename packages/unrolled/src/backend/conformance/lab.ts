import { Random } from '../../random.ts';
import { formatShape, type Shape, sizeOf } from '../../shape.ts';
import type { Backend, Block, Dtype, TypedArray } from '../backend.ts';

/** One thing a backend must do. Run on two backends it must give the same named results. */
export interface Case {
  readonly name: string;
  /** See `differences`. Default 1e-5. */
  readonly tolerance?: number;
  /** See `differences`. Default: the root mean square of what is expected. */
  readonly floor?: number;
  run(lab: Lab): Record<string, Block>;
}

const GUARDS = 5;
const GUARD = 12345;

/**
 * Blocks for one case on one backend. Inputs come from a seed and fit into float32, so every backend starts from the
 * same numbers. Blocks begin at odd places of storages larger than themselves, so a kernel that reads or writes a few
 * elements too far, or counts on alignment, is found out.
 */
export class Lab {
  readonly backend: Backend;
  readonly random: Random;
  readonly #blocks: Block[] = [];

  constructor(backend: Backend, seed = 1) {
    this.backend = backend;
    this.random = new Random(seed);
  }

  /** A float block with the given values. */
  floats(shape: Shape, values: ArrayLike<number>): Block {
    const block = this.#place(this.backend.float, shape);
    this.backend.write(block, values);
    return block;
  }

  ints(shape: Shape, values: ArrayLike<number>): Block {
    const block = this.#place('int32', shape);
    this.backend.write(block, values);
    return block;
  }

  /** Standard normal numbers times `scale`. */
  normal(shape: Shape, scale = 1): Block {
    return this.floats(shape, this.normals(sizeOf(shape), scale));
  }

  normals(length: number, scale = 1): Float32Array {
    return Float32Array.from({ length }, () => this.random.normal() * scale);
  }

  /** A block for results, full of what no result is. */
  empty(shape: Shape, dtype: Dtype = this.backend.float): Block {
    const block = this.#place(dtype, shape);
    this.backend.fill(block, -777);
    return block;
  }

  /** The content of results. @throws Error where something was written beside a block */
  async finish(results: Record<string, Block>): Promise<Record<string, TypedArray>> {
    const read = (block: Block): Promise<TypedArray> => this.backend.read(block);
    const wholes = this.#blocks.map(({ storage }) => read({ storage, offset: 0, shape: [storage.length] }));
    const found = Object.entries(results).map(async ([name, block]) => [name, await read(block)] as const);
    for (const { storage } of this.#blocks) this.backend.release(storage);
    for (const [i, { offset, shape }] of this.#blocks.entries()) {
      const whole = await wholes[i];
      const end = offset + sizeOf(shape);
      const broken = whole.findIndex((value, i) => (i < offset || i >= end) && value !== GUARD);
      if (broken >= 0) throw new Error(`wrote at ${broken - offset} of a block of shape ${formatShape(shape)}`);
    }
    return Object.fromEntries(await Promise.all(found));
  }

  #place(dtype: Dtype, shape: Shape): Block {
    const offset = this.#blocks.length % 4;
    const storage = this.backend.allocate(dtype, offset + sizeOf(shape) + GUARDS);
    this.backend.fill({ storage, offset: 0, shape: [storage.length] }, GUARD);
    const block = { storage, offset, shape };
    this.#blocks.push(block);
    return block;
  }
}

export function runCase(test: Case, backend: Backend): Promise<Record<string, TypedArray>> {
  const lab = new Lab(backend);
  return lab.finish(test.run(lab));
}

/**
 * Where `actual` is not `expected`: further away than tolerance · (|expected| + floor), or of another kind (NaN, ±∞, or
 * too large for float32, which counts as ∞). The first three only.
 */
export function differences(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  floor: number = rootMeanSquare(expected),
): string[] {
  if (actual.length !== expected.length) return [`${actual.length} elements in place of ${expected.length}`];
  const found: string[] = [];
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i], Math.fround(expected[i])];
    const close = Number.isFinite(e) && Math.abs(a - e) <= tolerance * (Math.abs(e) + floor);
    const same = close || a === e || (Number.isNaN(a) && Number.isNaN(e));
    if (!same && found.length < 3) found.push(`[${i}] ${a} in place of ${e}`);
  }
  return found;
}

function rootMeanSquare(values: ArrayLike<number>): number {
  const finite = Array.from(values).filter(Number.isFinite);
  return Math.sqrt(finite.reduce((sum, v) => sum + v * v, 0) / Math.max(1, finite.length));
}
