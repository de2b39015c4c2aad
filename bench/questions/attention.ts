import { attention as fused, gradients, openDevice, type Tensor } from 'unrolled';
import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import type { Question, Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';

const [B, heads, T, d] = [16, 8, 128, 64];

const forms = {
  /** softmax(QKᵀ/√d)·V as four operations, [B, heads, T, d]. */
  composed: ([q, k, v]: readonly Tensor[]) =>
    q
      .matmul(k, { transposeB: true })
      .mul(1 / Math.sqrt(d))
      .softmax()
      .matmul(v),
  /** As one, [B, T, heads · d]. */
  fused: ([q, k, v]: readonly Tensor[]) => fused(q, k, v, { heads }),
};

/** Scaled dot-product attention of many heads, forward and backward. */
async function model(form: keyof typeof forms, threads: number) {
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

/** One query that looks at a cache, as when a token is generated. */
async function cached(keys: number, threads: number) {
  const device = await openDevice('wasm', { threads });
  const values = (steps: number, seed: number): Tensor =>
    device.tensor(
      Float32Array.from({ length: steps * heads * d }, (_, i) => Math.sin(seed * i)),
      [1, steps, heads * d],
    );
  const [q, k, v] = [values(1, 1), values(keys, 2), values(keys, 3)];
  return {
    close: () => device.close(),
    step: (): number =>
      device.withoutGradients(() => device.scope(() => fused(q, k, v, { heads, causal: true }).square().sum().item())),
  };
}

interface Case {
  readonly name: string;
  readonly make: (threads: number) => Promise<{ step: () => number; close: () => void }>;
  readonly flops: number;
  /** Of keys and values, where each is read once. */
  readonly bytes?: number;
}

const cases: readonly Case[] = [
  // Two products, each with two for its gradients.
  ...(['composed', 'fused'] as const).map((form): Case => {
    return { name: form, make: (threads) => model(form, threads), flops: 6 * (2 * B * heads * T * T * d) };
  }),
  ...[1000, 10_000, 100_000].map((keys): Case => {
    const flops = 4 * keys * heads * d;
    const name = `one query, ${keys.toLocaleString('en-US')} keys`;
    return { name, make: (threads) => cached(keys, threads), flops, bytes: 8 * keys * heads * d };
  }),
];

export const attention: Question = {
  name: 'attention',
  asks:
    'ms of scaled dot-product attention of 8 heads of 64: T 128, B 16, forward and backward; and of one query at a cache; ' +
    'on one thread and on more',
  async answer({ runs, rounds, peak }) {
    const rows: Row[] = [];
    for (const { name, make, flops, bytes } of cases) {
      const engines: Record<string, Engine> = {};
      const results: Record<string, number> = {};
      for (const threads of threadCounts()) {
        engines[threads] = async () => {
          const { step, close } = await make(threads);
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
      for (const threads of threadCounts()) {
        const { median, min, max } = timings[threads];
        rows.push({
          form: name,
          on: threadsName(threads),
          ms: rounded(median),
          'min–max': `${rounded(min)}–${rounded(max)}`,
          ...arithmetic(flops, median, threads, peak),
          'GB/s': bytes === undefined ? '' : rounded(bytes / median / 1e6),
          'one thread ÷ this': rounded(timings[1].median / median),
        });
      }
    }
    return {
      rows,
      notes: [
        `${B * heads} products of [${T}, ${d}] and [${T}, ${T}] at a time; the same bits on all threads. The fused form computes ` +
          'its weights again for the gradient, which is not counted.',
        `One query: ${heads} heads of one sequence, forward only.`,
      ],
    };
  },
};
