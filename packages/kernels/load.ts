/** Instantiates a generated build in Node, with a memory and a bump allocator: for tests and measurements. */
import { inflateRawSync } from 'node:zlib';
import type { Kernels, Pointer } from '../unrolled/src/backend/wasm/generated/kernels.ts';

export const builds = ['simd-local', 'simd-shared', 'relaxed-local', 'relaxed-shared'] as const;
export type Build = (typeof builds)[number];

export interface Room {
  kernels: Kernels;
  memory: WebAssembly.Memory;
  /** Space for `count` elements of four bytes, at a multiple of 16. */
  space(count: number): Pointer;
  /** A copy of float32 values in the memory. */
  floats(values: ArrayLike<number>): Pointer;
  /** A copy of int32 values in the memory. */
  ints(values: ArrayLike<number>): Pointer;
  readFloats(pointer: Pointer, count: number): Float32Array;
  readInts(pointer: Pointer, count: number): Int32Array;
  /** Forgets everything that was allocated. */
  reset(): void;
}

/**
 * @param megabytes size of the memory
 * @param existing a memory to use instead of a new one
 */
export async function load(build: Build, megabytes = 64, existing?: WebAssembly.Memory): Promise<Room> {
  const { wasm } = (await import(`../unrolled/src/backend/wasm/generated/${build}.ts`)) as { wasm: string };
  const pages = megabytes * 16;
  const shared = build.endsWith('shared');
  const memory = existing ?? new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  const { instance } = await WebAssembly.instantiate(inflateRawSync(Buffer.from(wasm, 'base64')), { env: { memory } });
  const kernels = instance.exports as unknown as Kernels;
  const start = (kernels.heapBase() + 15) & -16;
  let top = start;
  const space = (count: number): Pointer => {
    const pointer = top;
    top = (top + count * 4 + 15) & -16;
    if (top > memory.buffer.byteLength)
      throw new RangeError(`out of memory: ${top} of ${memory.buffer.byteLength} bytes`);
    return pointer;
  };
  return {
    kernels,
    memory,
    space,
    floats(values) {
      const pointer = space(values.length);
      new Float32Array(memory.buffer, pointer, values.length).set(values);
      return pointer;
    },
    ints(values) {
      const pointer = space(values.length);
      new Int32Array(memory.buffer, pointer, values.length).set(values);
      return pointer;
    },
    readFloats: (pointer, count) => new Float32Array(memory.buffer, pointer, count).slice(),
    readInts: (pointer, count) => new Int32Array(memory.buffer, pointer, count).slice(),
    reset() {
      top = start;
    },
  };
}
