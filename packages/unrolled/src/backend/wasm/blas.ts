import { DeviceError } from '../../errors.ts';
import { host, nodeThreads, type WasmMemory } from './host.ts';

/** The part of koffi, a package that calls C functions from Node, used here. It is optional, so its types are not imported. */
interface Koffi {
  load(path: string): Library;
  address(buffer: ArrayBuffer | SharedArrayBuffer): bigint;
}

interface Library {
  /** @throws if the library has no such function */
  func(name: string, result: string, parameters: readonly string[]): (...values: number[]) => unknown;
}

/** Usual paths of BLAS libraries, fast ones first. */
const usual: Readonly<Record<string, readonly string[]>> = {
  linux: [
    ...['libopenblas.so.0', 'libopenblas.so', 'libmkl_rt.so.2', 'libmkl_rt.so'],
    ...['libblis.so.4', 'libblis.so', 'libcblas.so.3', 'libblas.so.3'],
  ],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll'],
};

/** Functions that set each BLAS to one thread: this backend has its own threads. */
const oneThread: readonly (readonly [name: string, integer: string])[] = [
  ['openblas_set_num_threads', 'int'],
  ['MKL_Set_Num_Threads', 'int'],
  ['bli_thread_set_num_threads', 'int64_t'],
  ['BLASSetThreading', 'unsigned int'], // Accelerate, where 1 means one thread
];

/**
 * What OpenBLAS calls processors with AVX-512. For these it has kernels that skip its own packing where a product is
 * small; they were measured 1.2–1.7 times as fast for a recurrent step.
 */
const wideCores: readonly string[] = ['SkylakeX', 'Cooperlake', 'SapphireRapids'];

const ROW_MAJOR = 101;
const AS_STORED = 111;
const TRANSPOSED = 112;

/** The machine's BLAS, working in the kernels' memory. Every thread opens its own. */
export class Blas {
  readonly path: string;
  /** Whether it is fastest with products of at most a million multiply-adds, the right side stored by rows. */
  readonly likesSmall: boolean;
  readonly #koffi: Koffi;
  readonly #memory: WasmMemory;
  readonly #sgemm: (...values: number[]) => unknown;
  #buffer: ArrayBuffer | SharedArrayBuffer | null = null;
  #base = 0;

  private constructor(path: string, koffi: Koffi, memory: WasmMemory) {
    const library = koffi.load(path);
    for (const [name, integer] of oneThread) {
      try {
        library.func(name, 'void', [integer])(1);
      } catch {}
    }
    const sizes = ['int', 'int', 'int', 'int', 'int', 'int'];
    // Addresses are passed as numbers: making views of the memory would take longer than the call.
    const operands = ['float', 'uintptr_t', 'int', 'uintptr_t', 'int', 'float', 'uintptr_t', 'int'];
    this.#sgemm = library.func('cblas_sgemm', 'void', [...sizes, ...operands]);
    this.likesSmall = wideCores.includes(coreOf(library));
    this.path = path;
    this.#koffi = koffi;
    this.#memory = memory;
  }

  /** @throws DeviceError if it cannot be loaded */
  static async open(path: string, memory: WasmMemory): Promise<Blas> {
    const koffi = await loadKoffi();
    if (typeof koffi === 'string') throw new DeviceError(`blas: ${koffi}; or use blas 'off'`, { path });
    try {
      return new Blas(path, koffi, memory);
    } catch (cause) {
      throw new DeviceError(
        `blas: '${path}' is no BLAS that can be used: ${reasonOf(cause)}; use blas 'auto' or 'off'`,
        { path },
        { cause },
      );
    }
  }

  /** The first of the usual libraries that loads, or why none does. */
  static async find(memory: WasmMemory): Promise<Blas | string> {
    const koffi = await loadKoffi();
    if (typeof koffi === 'string') return koffi;
    const names = usual[host.process?.platform ?? ''] ?? [];
    for (const path of names) {
      try {
        return new Blas(path, koffi, memory);
      } catch {}
    }
    return `there is none under the usual names (${names.slice(0, 2).join(', ')} …); install OpenBLAS or give a path`;
  }

  /** C [m, n] (+)= op(A) · op(B), by rows; sizes above 0, addresses in the kernels' memory. */
  multiply(
    a: number,
    lda: number,
    transposedA: number,
    b: number,
    ldb: number,
    transposedB: number,
    c: number,
    ldc: number,
    m: number,
    n: number,
    k: number,
    accumulate: number,
  ): void {
    // A memory that has grown has another buffer, and may lie elsewhere.
    if (this.#memory.buffer !== this.#buffer) {
      this.#buffer = this.#memory.buffer;
      this.#base = Number(this.#koffi.address(this.#buffer));
    }
    const base = this.#base;
    const left = transposedA ? TRANSPOSED : AS_STORED;
    const right = transposedB ? TRANSPOSED : AS_STORED;
    this.#sgemm(ROW_MAJOR, left, right, m, n, k, 1, base + a, lda, base + b, ldb, accumulate, base + c, ldc);
  }
}

/** The processor OpenBLAS has found; another BLAS has no such function. */
function coreOf(library: Library): string {
  try {
    return String(library.func('openblas_get_corename', 'str', [])());
  } catch {
    return '';
  }
}

/** koffi, or why it cannot be loaded. */
async function loadKoffi(): Promise<Koffi | string> {
  if (nodeThreads() === undefined) return 'a BLAS can be used in Node only';
  // Not written out, so that bundlers do not look for a package that is optional.
  const name = 'koffi';
  try {
    const module = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as { default: Koffi };
    return module.default;
  } catch (error) {
    const missing = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    return missing
      ? 'the package koffi, which calls it, is not installed (npm install koffi)'
      : `the package koffi does not load: ${reasonOf(error)}`;
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
