import { gradients, openDevice } from 'unrolled';
import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import type { Question, Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';

const sizes = { batch: 16, heads: 8, steps: 128, width: 64 };

/** Scaled dot-product attention softmax(QKᵀ/√d)·V of many heads, forward and backward. */
async function model(threads: number) {
  const { batch: B, heads, steps: T, width: d } = sizes;
  const device = await openDevice('wasm', { threads });
  const shape = [B, heads, T, d];
  const [queries, keys, values] = [1, 2, 3].map((seed) =>
    device.tensor(
      Float32Array.from({ length: B * heads * T * d }, (_, i) => Math.sin(seed * i)),
      shape,
    ),
  );
  return {
    close: () => device.close(),
    /** A number that all results go into. */
    step: (): number =>
      device.scope(() => {
        const [q, k, v] = [queries, keys, values].map((x) => x.track());
        const weights = q
          .matmul(k, { transposeB: true })
          .mul(1 / Math.sqrt(d))
          .softmax(); // [B, heads, T, T]
        const found = gradients(weights.matmul(v).square().sum(), [q, k, v]);
        return found.map((gradient) => gradient.at(-1).square().sum().item()).reduce((sum, value) => sum + value, 0);
      }),
  };
}

export const attention: Question = {
  name: 'attention',
  asks: 'ms of scaled dot-product attention of 8 heads, T 128, d 64, B 16, forward and backward, on one thread and on more',
  async answer({ runs, rounds, peak }) {
    const { batch: B, heads, steps: T, width: d } = sizes;
    const engines: Record<string, Engine> = {};
    const results: Record<string, number> = {};
    for (const threads of threadCounts()) {
      engines[threads] = async () => {
        const { step, close } = await model(threads);
        for (let i = 0; i < 3; i++) results[threads] = step();
        const milliseconds = Array.from({ length: runs }, () => {
          const start = performance.now();
          step();
          return performance.now() - start;
        });
        close();
        return summarise(milliseconds).median;
      };
    }
    const timings = await interleave(engines, rounds);
    if (new Set(Object.values(results)).size > 1) {
      throw new Error(`attention: results differ between threads: ${Object.values(results).join(', ')}`);
    }
    // Two products, each with two for its gradients.
    const flops = 6 * (2 * B * heads * T * T * d);
    const rows: Row[] = threadCounts().map((threads) => {
      const { median, min, max } = timings[threads];
      return {
        on: threadsName(threads),
        'ms per step': rounded(median),
        'min–max': `${rounded(min)}–${rounded(max)}`,
        ...arithmetic(flops, median, threads, peak),
        'one thread ÷ this': rounded(timings[1].median / median),
      };
    });
    return {
      rows,
      notes: [`${B * heads} products of [${T}, ${d}] and [${T}, ${T}] at a time; the same bits on all threads.`],
    };
  },
};
