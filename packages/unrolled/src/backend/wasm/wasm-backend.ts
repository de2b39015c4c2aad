import { ConfigError } from '../../errors.ts';
import type { Backend } from '../backend.ts';
import { chooseSimd, chooseThreads, detectFeatures, type SimdLevel } from './detect.ts';
import { compileKernels, instantiate } from './instance.ts';
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
  /** Bytes the memory may grow to. Default 4 GiB, which is what WebAssembly can address. */
  readonly limitBytes?: number;
  /** How long to wait for a worker, in ms, after this thread's own part is done. Default 60,000. */
  readonly patienceMs?: number;
}

/**
 * WebAssembly with SIMD, float32, on as many threads as wanted. Results do not depend on the number of threads.
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
  const pool = shared ? await Pool.start({ module, memory: memory.memory, kernels, threads, patienceMs }) : null;
  const lanes = simd === 'relaxed' ? 'relaxed SIMD (fused multiply-add)' : 'SIMD without fused multiply-add';
  const notes = [`WebAssembly, ${lanes}`, `${threads} ${threads === 1 ? 'thread' : 'threads'}: ${reason}`];
  return new WasmBackend(memory, kernels, pool, parallelFrom, notes);
}
