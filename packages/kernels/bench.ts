/** Measures the matrix product, the packing and the pointwise kernels: `node packages/kernels/bench.ts [build …]`. */
import { Binary, Unary } from '../unrolled/src/backend/wasm/generated/kernels.ts';
import { type Build, builds, load } from './load.ts';

/**
 * Seconds of processor time of one call, the least of several batches: time in which a shared machine ran something else
 * is not counted.
 */
function time(work: () => void): number {
  const spent = () => {
    // Only their sum is measured; the kernel splits it by sampling.
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1e6;
  };
  const batch = (calls: number) => {
    const start = spent();
    for (let i = 0; i < calls; i++) work();
    return spent() - start;
  };
  let calls = 1;
  while (batch(calls) < 0.02) calls *= 2;
  return Math.min(...Array.from({ length: 12 }, () => batch(calls))) / calls;
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
  { name: 'wide input product', m: 2500, n: 2048, k: 512 },
  { name: 'wide weights', m: 2048, n: 512, k: 2500, transposedA: true },
  { name: 'logits', m: 2500, n: 65, k: 128 },
];

const random = (count: number) => Float32Array.from({ length: count }, () => Math.random() - 0.5);

async function benchGemm(build: Build): Promise<void> {
  for (const { name, m, n, k, transposedA = false } of products) {
    const { kernels, floats, space } = await load(build);
    const a = floats(random(m * k));
    const b = floats(random(k * n));
    const packed = space(kernels.packedSize(k, n, 8));
    const c = space(m * n);
    const scratch = space(kernels.gemmScratchSize(Number(transposedA), m, n, k));
    kernels.packRight(b, k, 1, k, n, 8, packed);
    const lda = transposedA ? m : k;
    const seconds = time(() => kernels.gemm(a, lda, Number(transposedA), packed, c, n, m, n, k, 0, scratch));
    const packing = time(() => kernels.packRight(b, k, 1, k, n, 8, packed));
    const rate = ((2 * m * n * k) / seconds / 1e9).toFixed(1);
    console.log(
      `${build.padEnd(15)} ${name.padEnd(19)} ${`${m}×${n}×${k}`.padEnd(14)} ${rate.padStart(5)} GFLOP/s  ${(seconds * 1e6).toFixed(1).padStart(8)} µs, packing ${(packing * 1e6).toFixed(1)} µs`,
    );
  }
}

/** Pointwise and memory-bound kernels, at the sizes of the character model: B = 50, T = 50, H = 128, V = 65. */
async function benchOthers(build: Build): Promise<void> {
  const { kernels: k, floats, ints, space, reset } = await load(build);
  const measure = (name: string, elements: number, make: () => () => void): void => {
    reset();
    const seconds = time(make());
    const each = ((seconds * 1e9) / elements).toFixed(2);
    console.log(
      `${build.padEnd(15)} ${name.padEnd(34)} ${each.padStart(6)} ns per element ${(seconds * 1e6).toFixed(1).padStart(8)} µs`,
    );
  };
  const n = 16_384;
  for (const name of ['exp', 'log', 'tanh', 'sigmoid', 'softplus', 'relu'] as const) {
    measure(name, n, () => {
      const x = floats(random(n));
      const y = space(n);
      return () => k.unary(Unary[name], x, y, n);
    });
  }
  const B = 50;
  const H = 128;
  const V = 65;
  measure('LSTM forward, 50×128', B * H, () => {
    const [gates, c, h, c2, h2] = [4 * B * H, B * H, B * H, B * H, B * H].map((size) => floats(random(size)));
    return () => k.lstmForward(gates, c, h, c2, h2, B, H, 0, 0);
  });
  measure('LSTM backward, 50×128', B * H, () => {
    const [gates, c, cPrev, dh, dc] = [4 * B * H, B * H, B * H, B * H, B * H].map((size) => floats(random(size)));
    return () => k.lstmBackward(gates, c, cPrev, dh, dc, 0, B, H, 0, 0);
  });
  measure('GRU forward, 50×128', B * H, () => {
    const [gates, gh, hPrev, h, hn] = [3 * B * H, 3 * B * H, B * H, B * H, B * H].map((size) => floats(random(size)));
    return () => k.gruAfterForward(gates, gh, hPrev, h, hn, 1, B, H, 0, 0);
  });
  measure('cross-entropy, 2500×65', 2500 * V, () => {
    const logits = floats(random(2500 * V));
    const targets = ints(Array.from({ length: 2500 }, (_, i) => i % V));
    const [losses, normaliser] = [space(2500), space(2500)];
    return () => k.crossEntropy(logits, targets, losses, normaliser, 2500, V);
  });
  measure('cross-entropy gradient, 2500×65', 2500 * V, () => {
    const logits = floats(random(2500 * V));
    const targets = ints(Array.from({ length: 2500 }, (_, i) => i % V));
    const [losses, normaliser, out] = [floats(random(2500)), floats(random(2500)), space(2500 * V)];
    return () => k.crossEntropyGrad(logits, targets, normaliser, losses, out, 2500, V);
  });
  measure('column sums, 2500×512', 2500 * 512, () => {
    const x = floats(random(2500 * 512));
    const out = space(512);
    return () => k.columnSums(x, 512, 2500, 512, out, 0);
  });
  measure('add with broadcast, 2500×512', 2500 * 512, () => {
    const [x, b, out] = [floats(random(2500 * 512)), floats(random(512)), space(2500 * 512)];
    const [dims, xStrides, bStrides] = [ints([2500, 512]), ints([512, 1]), ints([0, 1])];
    return () => k.binary(Binary.add, x, b, out, 2, dims, xStrides, bStrides);
  });
  measure('transpose, 2500×512', 2500 * 512, () => {
    const [x, out] = [floats(random(2500 * 512)), space(2500 * 512)];
    const [dims, xStrides, outStrides] = [ints([512, 2500]), ints([1, 512]), ints([2500, 1])];
    return () => k.stridedCopy(x, out, 2, dims, xStrides, outStrides, 0);
  });
  measure('dropout', n, () => {
    const [x, out] = [floats(random(n)), space(n)];
    return () => k.dropout(x, out, n, 7, 0.5, 0);
  });
  measure('layer norm, 256×128', 256 * H, () => {
    const [x, gain, bias, out] = [floats(random(256 * H)), floats(random(H)), floats(random(H)), space(256 * H)];
    const [mean, inverse] = [space(256), space(256)];
    return () => k.layerNorm(x, gain, bias, out, mean, inverse, 256, H, 1, 1e-5);
  });
  measure('Adam, 300,000', 300_000, () => {
    const [w, g, m, v] = [random(300_000), random(300_000), new Float32Array(300_000), new Float32Array(300_000)].map(
      floats,
    );
    return () => k.adam(w, g, m, v, 300_000, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0.1, 0.001, 1, 0);
  });
  measure('sum of squares, 300,000', 300_000, () => {
    const g = floats(random(300_000));
    return () => void k.sumOfSquares(g, 300_000);
  });
}

const chosen = process.argv.length > 2 ? (process.argv.slice(2) as Build[]) : builds;
for (const build of chosen) {
  await benchGemm(build);
  await benchOthers(build);
}
