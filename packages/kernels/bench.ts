/** Measures the matrix product, the packing and the pointwise kernels: `node packages/kernels/bench.ts [build …]`. */
import { type Build, builds, load } from './load.ts';

/** Seconds of one call: the fastest of several batches, since on a shared machine slower ones measure the neighbours. */
function time(work: () => void): number {
  let calls = 1;
  for (;;) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) work();
    if (performance.now() - start > 20) break;
    calls *= 2;
  }
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < 12; batch++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) work();
    best = Math.min(best, (performance.now() - start) / calls);
  }
  return best / 1000;
}

const products: { name: string; m: number; n: number; k: number; transposedA?: boolean }[] = [
  { name: 'input product', m: 2500, n: 512, k: 128 },
  { name: 'recurrent step', m: 50, n: 512, k: 128 },
  { name: 'recurrent gradient', m: 50, n: 128, k: 512 },
  { name: 'weight gradient', m: 512, n: 128, k: 2500, transposedA: true },
  { name: 'wide step', m: 100, n: 2048, k: 512 },
  { name: 'half batch', m: 25, n: 512, k: 128 },
  { name: 'batch 1', m: 1, n: 512, k: 128 },
  { name: 'batch 1, wide', m: 1, n: 2048, k: 512 },
  { name: 'batch 3', m: 3, n: 512, k: 128 },
  { name: 'logits', m: 2500, n: 65, k: 128 },
];

const random = (count: number) => Float32Array.from({ length: count }, () => Math.random() - 0.5);

async function benchGemm(build: Build): Promise<void> {
  for (const { name, m, n, k, transposedA = false } of products) {
    const { kernels, floats, space } = await load(build);
    const a = floats(random(m * k));
    const b = floats(random(k * n));
    const packed = space(kernels.packedSize(k, n));
    const c = space(m * n);
    const scratch = space(kernels.gemmScratchSize(Number(transposedA), m, n, k));
    kernels.packRight(b, k, 1, k, n, packed);
    const lda = transposedA ? m : k;
    const seconds = time(() => kernels.gemm(a, lda, Number(transposedA), packed, c, n, m, n, k, 0, scratch));
    const packing = time(() => kernels.packRight(b, k, 1, k, n, packed));
    const rate = ((2 * m * n * k) / seconds / 1e9).toFixed(1);
    console.log(`${build.padEnd(15)} ${name.padEnd(19)} ${`${m}×${n}×${k}`.padEnd(14)} ${rate.padStart(5)} GFLOP/s  ${(seconds * 1e6).toFixed(1).padStart(8)} µs, packing ${(packing * 1e6).toFixed(1)} µs`);
  }
}

const chosen = process.argv.length > 2 ? (process.argv.slice(2) as Build[]) : builds;
for (const build of chosen) await benchGemm(build);
