import { ConfigError } from '../../errors.ts';
import type { Backend } from '../backend.ts';
import { chooseBlas, type WantedBlas } from './choose-blas.ts';
import { Context } from './context.ts';
import { chooseSimd, chooseThreads, detectFeatures, type SimdLevel } from './detect.ts';
import { compileKernels, instantiate } from './instance.ts';
import { type LeastForBlas, Products } from './jobs/products.ts';
import { LinearMemory } from './linear-memory.ts';
import { wasmOperations } from './operations.ts';
import { Pool } from './pool.ts';

export interface WasmOptions {
  /** Which build: 'relaxed' has fused multiply-add. Default 'auto': the fastest supported one. */
  readonly simd?: 'auto' | SimdLevel;
  /** Number of threads, including this one. Default: the number of cores, at most 8; 1 without shared memory. */
  readonly threads?: number;
  /**
   * Minimum work, in floating-point operations, that is split among threads: 3,000,000 by default (about 60 µs), and a tenth
   * of it while they still wait for work after the last operation, before they go to sleep.
   */
  readonly parallelFrom?: number;
  /**
   * Whether to use a system BLAS for larger matrix products: 'off' (default), 'auto' for the first one found (OpenBLAS, MKL,
   * BLIS, Accelerate), or the path of one. Node only, with the package koffi. Results then depend on the number of threads,
   * on the batch a row is in, and on the BLAS; they are reproducible with the same machine, BLAS and threads.
   */
  readonly blas?: WantedBlas;
  /** Minimum size of a product that uses BLAS. Default 8 rows and 50,000 floating-point operations. */
  readonly blasFrom?: LeastForBlas;
  /** Memory limit in bytes. Default 4 GiB, the limit of WebAssembly. */
  readonly limitBytes?: number;
  /**
   * Time limit in ms for a worker that is alive but does not answer, in addition to 100 times the duration of this thread's
   * part of the job. In Node a worker that has ended is detected within a second. Default 60,000.
   */
  readonly patienceMs?: number;
}

/**
 * The WebAssembly backend: SIMD, float32, one or more threads. Results do not depend on the number of threads, unless a
 * BLAS is used.
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
    // Failing to start threads that were not requested must not prevent the backend from opening.
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
  const context = new Context(memory, kernels, products, pool, parallelFrom);
  return wasmOperations(context, { name: 'wasm', float: 'float32', notes, details });
}
