import { availableParallelism, cpus, totalmem } from 'node:os';
import { openDevice } from 'unrolled';
import { rounded, summarise } from './timing.ts';

/** What a figure was measured on. */
export function machineLine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpu?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${memory} GiB, Node ${process.versions.node}`;
}

/** One thread, and as many as there are cores, 8 at most. */
export function threadCounts(): number[] {
  return [...new Set([1, Math.min(availableParallelism(), 8)])];
}

export function threadsName(threads: number): string {
  return `${threads} thread${threads > 1 ? 's' : ''}`;
}

/** GFLOP/s of a large matrix product by number of threads: what our own kernel reaches when it does nothing else. */
export type Peak = Readonly<Record<number, number>>;

export async function measurePeak(): Promise<Peak> {
  const peak: Record<number, number> = {};
  // Not the median: whatever else the machine did meanwhile is no part of what it can do.
  for (let round = 0; round < 3; round++) {
    for (const threads of threadCounts()) peak[threads] = Math.max(peak[threads] ?? 0, await productRate(threads));
  }
  return peak;
}

/** GFLOP/s of the fastest of many products. */
async function productRate(threads: number): Promise<number> {
  const [rows, columns, inner] = [2500, 512, 128];
  const device = await openDevice('wasm', { threads });
  const a = device.full([rows, inner], 0.5);
  const b = device.full([inner, columns], 0.25);
  const milliseconds = Array.from({ length: 60 }, () =>
    device.scope(() => {
      const start = performance.now();
      const product = a.matmul(b);
      const end = performance.now();
      if (product.data().at(-1) !== 16) throw new Error('measurePeak: a product is wrong');
      return end - start;
    }),
  );
  device.close();
  return (2 * rows * columns * inner) / summarise(milliseconds).min / 1e6;
}

export function peakLine(peak: Peak): string {
  const parts = Object.entries(peak).map(([threads, rate]) => `${threadsName(Number(threads))} ${rate.toFixed(1)}`);
  return `Peak of our matrix product (2500×512×128), GFLOP/s: ${parts.join(', ')}`;
}

/** The columns that every row with arithmetic in it has: GFLOP/s and its share of our product's peak. */
export function arithmetic(flops: number, milliseconds: number, threads: number, peak: Peak) {
  const rate = flops / milliseconds / 1e6;
  return { 'GFLOP/s': rounded(rate), '% of peak': rounded((100 * rate) / (peak[threads] ?? peak[1]), 2) };
}
