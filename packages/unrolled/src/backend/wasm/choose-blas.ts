import { ConfigError } from '../../errors.ts';
import type { Blas } from './blas.ts';
import type { Kernels } from './generated/kernels.ts';
import { host } from './host.ts';
import { alone } from './jobs/job.ts';
import { Products } from './jobs/products.ts';
import type { LinearMemory } from './linear-memory.ts';

/** 'off'; 'auto': the first fast one that is found; otherwise a path. */
export type WantedBlas = 'off' | 'auto' | (string & {});

export interface BlasChoice {
  readonly blas: Blas | null;
  /** For people. */
  readonly reason: string;
}

/** @throws DeviceError if a BLAS given by its path cannot be used */
export async function chooseBlas(wanted: WantedBlas, memory: LinearMemory, kernels: Kernels): Promise<BlasChoice> {
  if (typeof wanted !== 'string' || wanted === '') {
    throw new ConfigError(`wasmBackend: blas '${wanted}' is unknown; use 'off', 'auto' or a path`, { blas: wanted });
  }
  if (wanted === 'off') return { blas: null, reason: 'off' };
  // Loaded on demand, so that pages do not load it.
  const { Blas } = await import('./blas.ts');
  if (wanted !== 'auto') return { blas: await Blas.open(wanted, memory.memory), reason: 'requested' };
  const found = await Blas.find(memory.memory);
  if (typeof found === 'string') return { blas: null, reason: found };
  const times = compare(found, memory, kernels);
  if (times === null) return { blas: null, reason: `${found.path} computes something else` };
  // By a wide margin: timing noise must not decide, since results depend on the choice.
  if (times.blas > 2 * times.kernel) return { blas: null, reason: `${found.path} is slower than our own kernels` };
  return { blas: found, reason: 'found' };
}

/** Milliseconds for a product of the size of a recurrent step; null if the results differ. */
function compare(blas: Blas, memory: LinearMemory, kernels: Kernels): { blas: number; kernel: number } | null {
  const [m, k, n] = [50, 128, 512];
  const bytes = { a: m * k * 4, b: k * n * 4, c: m * n * 4 };
  const a = memory.scratch('right', bytes.a + 2 * bytes.b + 2 * bytes.c);
  const b = a + bytes.a;
  const c = b + bytes.b;
  const d = c + bytes.c;
  const values = memory.floats(a, m * k + k * n);
  for (let i = 0; i < values.length; i++) values[i] = ((i * 7) % 13) / 13 - 0.5;
  const side = { stored: b, ld: n, transposed: 0, k, n, packed: d + bytes.c };
  const timeWith = (products: Products, out: number): number => {
    const right = products.right(side, m);
    products.pack(right, alone);
    return fastest(() => products.multiply(a, k, right, out, n, m, 0));
  };
  const kernel = timeWith(new Products(kernels, null), c);
  const other = timeWith(new Products(kernels, blas), d);
  const [expected, actual] = [memory.floats(c, m * n), memory.floats(d, m * n)];
  const same = expected.every((value, i) => Math.abs(value - actual[i]) < 1e-3);
  return same ? { blas: other, kernel } : null;
}

/** Of some 20 ms of runs, in which code that runs often is also compiled anew. */
function fastest(run: () => void): number {
  const end = host.performance.now() + 20;
  let best = Number.POSITIVE_INFINITY;
  for (let now = host.performance.now(); now < end; ) {
    run();
    const after = host.performance.now();
    best = Math.min(best, after - now);
    now = after;
  }
  return best;
}
