import { requireKind, whole } from '../../checks.ts';
import { ConfigError, DeviceError } from '../../errors.ts';
import { MOST_THREADS } from './control.ts';
import { host } from './host.ts';

export type SimdLevel = 'simd' | 'relaxed';

/** What this JavaScript engine supports, and what limits it. */
export interface Features {
  readonly simd: boolean;
  readonly relaxed: boolean;
  /** Whether memory can be shared with workers; otherwise why not. */
  readonly shared: true | string;
  readonly cores: number;
}

/** A module of one function of type [] → [], with the given body. */
function moduleWith(body: readonly number[]): Uint8Array {
  const code = [0, ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x0a, code.length + 2, 0x01, code.length, ...code],
  ]);
}

const splat = [0x41, 0x00, 0xfd, 0x11]; // i32.const 0, i32x4.splat
const simdProbe = moduleWith([...splat, 0x1a]); // drop
const relaxedProbe = moduleWith([...splat, ...splat, ...splat, 0xfd, 0x85, 0x02, 0x1a]); // f32x4.relaxed_madd, drop

export function detectFeatures(): Features {
  return {
    simd: host.WebAssembly?.validate(simdProbe) ?? false,
    relaxed: host.WebAssembly?.validate(relaxedProbe) ?? false,
    shared: sharedMemory(),
    cores: host.navigator?.hardwareConcurrency ?? 1,
  };
}

function sharedMemory(): true | string {
  if (host.crossOriginIsolated === false) {
    return 'this page is not cross-origin isolated (it needs the headers COOP: same-origin and COEP: require-corp)';
  }
  return typeof SharedArrayBuffer === 'function' ? true : 'this JavaScript engine has no shared memory';
}

/** @throws DeviceError if the engine lacks the requested build, or SIMD altogether */
export function chooseSimd(wanted: 'auto' | SimdLevel, features: Features): SimdLevel {
  if (wanted !== 'auto' && wanted !== 'simd' && wanted !== 'relaxed') {
    throw new ConfigError(`wasmBackend: simd '${wanted}' is unknown; use 'auto', 'simd' or 'relaxed'`, {
      simd: wanted,
    });
  }
  if (!features.simd) {
    throw new DeviceError(
      "wasmBackend: this JavaScript engine has no WebAssembly SIMD; use the device 'reference'",
      {},
    );
  }
  if (wanted === 'relaxed' && !features.relaxed) {
    throw new DeviceError("wasmBackend: this JavaScript engine has no relaxed SIMD; use simd 'auto' or 'simd'", {});
  }
  return wanted === 'auto' ? (features.relaxed ? 'relaxed' : 'simd') : wanted;
}

const MOST_THREADS_UNASKED = 8;

export interface ThreadChoice {
  readonly threads: number;
  /** Why not more threads, for people. */
  readonly reason: string;
}

/**
 * @param wanted  default: the number of cores, at most 8
 * @throws ConfigError on an invalid number; DeviceError if several threads are requested but not available
 */
export function chooseThreads(wanted: number | undefined, features: Features): ThreadChoice {
  if (wanted !== undefined) requireKind('wasmBackend', 'threads', wanted, whole({ from: 1, to: MOST_THREADS }));
  if (features.shared !== true) {
    if (wanted !== undefined && wanted > 1) {
      throw new DeviceError(`wasmBackend: ${wanted} threads are not possible: ${features.shared}`, { threads: wanted });
    }
    return { threads: 1, reason: features.shared };
  }
  if (wanted !== undefined) return { threads: wanted, reason: 'requested' };
  return {
    threads: Math.min(features.cores, MOST_THREADS_UNASKED),
    reason: features.cores > MOST_THREADS_UNASKED ? 'more gain little; ask for them' : `${features.cores} cores`,
  };
}
