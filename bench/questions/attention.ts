import { attention as fused, gradients, openDevice, type Tensor } from 'unrolled';
import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import type { Question, Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';

const sizes = { batch: 16, heads: 8, steps: 128, width: 64 };

const forms = {
  /** softmax(QKᵀ/√d)·V as four operations, [B, heads, T, d]. */
  composed: ([q, k, v]: readonly Tensor[]) =>
    q
      .matmul(k, { transposeB: true })
      .mul(1 / Math.sqrt(sizes.width))
      .softmax()
      .matmul(v),
  /** As one, [B, T, heads · d]. */
  fused: ([q, k, v]: readonly Tensor[]) => fused(q, k, v, { heads: sizes.heads }),
};

/** Scaled dot-product attention of many heads, forward and backward. */
async function model(form: keyof typeof forms, threads: number) {
  const { batch: B, heads, steps: T, width: d } = sizes;
  const device = await openDevice('wasm', { threads });
  const shape = form === 'fused' ? [B, T, heads * d] : [B, heads, T, d];
  const inputs = [1, 2, 3].map((seed) =>
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
        const leaves = inputs.map((x) => x.track());
        const found = gradients(forms[form](leaves).square().sum(), leaves);
        return found.map((gradient) => gradient.at(-1).square().sum().item()).reduce((sum, value) => sum + value, 0);
      }),
  };
}

export const attention: Question = {
  name: 'attention',
  asks: 'ms of scaled dot-product attention of 8 heads, T 128, d 64, B 16, forward and backward, on one thread and on more',
  async answer({ runs, rounds, peak }) {
    const { batch: B, heads, steps: T, width: d } = sizes;
    const rows: Row[] = [];
    for (const form of Object.keys(forms) as (keyof typeof forms)[]) {
      const engines: Record<string, Engine> = {};
      const results: Record<string, number> = {};
      for (const threads of threadCounts()) {
        engines[threads] = async () => {
          const { step, close } = await model(form, threads);
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
      for (const threads of threadCounts()) {
        const { median, min, max } = timings[threads];
        rows.push({
          form,
          on: threadsName(threads),
          'ms per step': rounded(median),
          'min–max': `${rounded(min)}–${rounded(max)}`,
          ...arithmetic(flops, median, threads, peak),
          'one thread ÷ this': rounded(timings[1].median / median),
        });
      }
    }
    return {
      rows,
      notes: [
        `${B * heads} products of [${T}, ${d}] and [${T}, ${T}] at a time; the same bits on all threads. The fused form computes ` +
          'its weights again for the gradient, which is not counted.',
      ],
    };
  },
};
