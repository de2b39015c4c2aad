import { ConfigError } from '../../errors.ts';
import type { Backend } from '../backend.ts';
import { chooseBlas, type WantedBlas } from './choose-blas.ts';
import { chooseSimd, chooseThreads, detectFeatures, type SimdLevel } from './detect.ts';
import { compileKernels, instantiate } from './instance.ts';
import { type LeastForBlas, Products } from './jobs/products.ts';
import { LinearMemory } from './linear-memory.ts';
import { WasmBackend } from './operations.ts';
import { Pool } from './pool.ts';

export interface WasmOptions {
  /** Which build: 'relaxed' has fused multiply-add. Default 'auto': the best there is. */
  readonly simd?: 'auto' | SimdLevel;
  /** Threads, this one included. Default: as many as there are cores, 8 at most; 1 where memory cannot be shared. */
  readonly threads?: number;
  /** The least work, in floating-point operations, that is given to all threads. Default 3,000,000: some 60 µs. */
  readonly parallelFrom?: number;
  /**
   * Whether a BLAS of the machine multiplies the larger matrices: 'auto' takes the first that is found (OpenBLAS, MKL,
   * BLIS, Accelerate), any other word is the path of one. Node only, with the package koffi. Results then depend on the
   * number of threads, on what a row is batched with, and on the BLAS; the same machine, BLAS and threads give the same
   * again. Default 'off'.
   */
  readonly blas?: WantedBlas;
  /** The least of one call that is given to BLAS. Default 8 rows and 50,000 floating-point operations. */
  readonly blasFrom?: LeastForBlas;
  /** Bytes the memory may grow to. Default 4 GiB, which is what WebAssembly can address. */
  readonly limitBytes?: number;
  /**
   * How long to wait for a worker that is alive but silent, in ms, besides 100 times the duration of this thread's own part
   * of the job. In Node a worker that has ended is noticed within a second. Default 60,000.
   */
  readonly patienceMs?: number;
}

/**
 * WebAssembly with SIMD, float32, on as many threads as wanted. Results do not depend on the number of threads,
 * unless a BLAS is used.
 *
 * @throws ConfigError, DeviceError
 */
export async function wasmBackend(options: WasmOptions = {}): Promise<Backend> {
  const features = detectFeatures();
  const simd = chooseSimd(options.simd ?? 'auto', features);
  const choice = chooseThreads(options.threads, features);
  try {
    return await open(options, simd, choice.threads, choice.reason);
  } catch (error) {
    // Threads nobody asked for are no reason to have no backend.
    if (options.threads !== undefined || choice.threads === 1 || error instanceof ConfigError) throw error;
    return open(options, simd, 1, error instanceof Error ? error.message : String(error));
  }
}

async function open(options: WasmOptions, simd: SimdLevel, threads: number, reason: string): Promise<Backend> {
  const shared = threads > 1;
  const memory = new LinearMemory(shared, options.limitBytes ?? 2 ** 32);
  const module = await compileKernels(simd, shared);
  const kernels = instantiate(module, memory.memory);
  memory.begin(kernels.heapBase());
  const { patienceMs = 60_000, parallelFrom = 3e6 } = options;
  const { blas, reason: blasReason } = await chooseBlas(options.blas ?? 'off', memory, kernels);
  const products = new Products(kernels, blas, options.blasFrom);
  const common = { module, memory: memory.memory, blas: blas?.path ?? null, blasFrom: options.blasFrom };
  const pool = shared ? await Pool.start({ ...common, kernels, products, threads, patienceMs }) : null;
  const lanes = simd === 'relaxed' ? 'relaxed SIMD (fused multiply-add)' : 'SIMD without fused multiply-add';
  const notes = [`WebAssembly, ${lanes}`, `${threads} ${threads === 1 ? 'thread' : 'threads'}: ${reason}`];
  if (options.blas !== undefined && options.blas !== 'off') notes.push(`BLAS: ${blas?.path ?? 'none'}: ${blasReason}`);
  const details = { simd, blas: blas?.path ?? null, blasReason, threadsReason: reason };
  return new WasmBackend(memory, kernels, products, pool, parallelFrom, notes, details);
}
