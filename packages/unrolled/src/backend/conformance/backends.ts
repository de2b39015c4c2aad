import type { Backend } from '../backend.ts';
import { complete } from '../composed/complete.ts';
import { referenceBackend } from '../reference/reference-backend.ts';
import { detectFeatures } from '../wasm/detect.ts';
import { type WasmOptions, wasmBackend } from '../wasm/wasm-backend.ts';
import { coreBackend } from './core-backend.ts';
import { laterBackend } from './later-backend.ts';

export interface Subject {
  readonly name: string;
  readonly backend: Backend;
  /** By how much the results may be further from the truth than those of fused operations. Default 1. */
  readonly slack?: number;
}

/** Every backend this machine can run, and why not the others. */
export async function subjects(): Promise<{
  readonly available: readonly Subject[];
  readonly unavailable: readonly { readonly name: string; readonly reason: string }[];
}> {
  const { simd, relaxed, shared } = detectFeatures();
  const all = { rows: 0, work: 0 };
  const withoutRelaxed = relaxed ? null : 'this engine has no relaxed SIMD';
  const candidates: readonly (readonly [name: string, options: WasmOptions, reason: string | null])[] = [
    ['wasm simd, 1 thread', { simd: 'simd', threads: 1 }, null],
    ['wasm relaxed, 1 thread', { simd: 'relaxed', threads: 1 }, withoutRelaxed],
    // Even the smallest work goes to all threads here, to meet every way of cutting it.
    ['wasm simd, 3 threads', { simd: 'simd', threads: 3, parallelFrom: 0 }, null],
    ['wasm relaxed, 2 threads', { simd: 'relaxed', threads: 2, parallelFrom: 0 }, withoutRelaxed],
    ['wasm with BLAS, 1 thread', { blas: 'auto', blasFrom: all, threads: 1 }, null],
    ['wasm with BLAS, 3 threads', { blas: 'auto', blasFrom: all, threads: 3, parallelFrom: 0 }, null],
  ];
  const available: Subject[] = [
    { name: 'reference float32', backend: referenceBackend({ float: 'float32' }) },
    { name: 'reference, answering later', backend: laterBackend(referenceBackend({ float: 'float32' })) },
    { name: 'a core alone', backend: complete(coreBackend()), slack: 4 },
  ];
  const unavailable: { name: string; reason: string }[] = [];
  for (const [name, options, ownReason] of candidates) {
    const noThreads = options.threads === 1 || shared === true ? null : shared;
    const reason = (simd ? null : 'this engine has no SIMD') ?? ownReason ?? noThreads;
    if (reason !== null) {
      unavailable.push({ name, reason });
      continue;
    }
    const backend = await wasmBackend(options);
    const { blas, blasReason } = backend.describe().details ?? {};
    if (options.blas !== undefined && blas === null) {
      unavailable.push({ name, reason: blasReason ?? 'no BLAS' });
      backend.close();
    } else {
      available.push({ name, backend });
    }
  }
  return { available, unavailable };
}
