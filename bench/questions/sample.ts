import { openDevice } from 'unrolled';
import { inference } from 'unrolled/nn';
import { LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { assertAlike, valueAt } from '../likeness.ts';
import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import { besideBest, type Question, type Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';
import { findBlas } from '../training-step.ts';

const [layers, H, V, warmup] = [2, 512, 65, 10];
/** Multiplications and additions a character: both products of each layer, and the logits. */
const flops = 2 * (layers * 4 * H * (H + H) + H * V);

interface Run {
  /** Of each step: one character of every stream. */
  readonly milliseconds: readonly number[];
  /** What follows the last character, `[B, V]`. */
  readonly logits: readonly number[];
}

/** B streams go on together, a character at a time: each next one is the likeliest. */
async function ours(streams: number, threads: number, runs: number, blas = 'off'): Promise<Run> {
  const device = await openDevice('wasm', { threads, blas });
  const tokenizer = tokenizerFor('char', Array.from({ length: V }, (_, i) => String.fromCharCode(48 + i)).join(''));
  const model = new LanguageModel(device, tokenizer, { cell: 'lstm', hidden: H, layers, embedding: H, dropout: 0 });
  const values = Object.entries(await model.parameters.save()).map(([name, { shape, data }], parameter) => {
    const bound = name === 'embedding.weight' ? 1 : 1 / Math.sqrt(H);
    return [name, { shape, data: data.map((_, element) => valueAt(parameter, element, bound)) }] as const;
  });
  model.parameters.load(Object.fromEntries(values));
  const milliseconds: number[] = [];
  let ids = Array.from({ length: streams }, (_, b) => b % tokenizer.size);
  let logits: ArrayLike<number> = [];
  let state = model.initialState(streams);
  device.withoutGradients(() => {
    for (let i = 0; i < warmup + runs; i++) {
      const start = performance.now();
      state = device.carry(state, (before) => {
        const next = model.apply(device.ids(ids, [1, streams]), inference, { state: before });
        logits = next.logits.data();
        return next.state;
      });
      ids = ids.map((_, b) => likeliest(logits, b * tokenizer.size, tokenizer.size));
      if (i >= warmup) milliseconds.push(performance.now() - start);
    }
  });
  device.close();
  return { milliseconds, logits: Array.from(logits) };
}

function likeliest(logits: ArrayLike<number>, from: number, count: number): number {
  let best = 0;
  for (let id = 1; id < count; id++) if (logits[from + id] > logits[from + best]) best = id;
  return best;
}

export const sample: Question = {
  name: 'sample',
  asks: `characters/s a 2×LSTM-${H}, V ${V}, writes: one stream, and 64 streams together`,
  async answer({ runs, rounds, peak, peers: { pytorch } }) {
    const rows: Row[] = [];
    const blas = await findBlas();
    for (const streams of [1, 64]) {
      const steps = 10 * runs;
      const engines: Record<string, Engine> = {};
      const threadsOf: Record<string, number> = {};
      for (const threads of threadCounts()) {
        const name = `unrolled, ${threadsName(threads)}`;
        engines[name] = async () => summarise((await ours(streams, threads, steps)).milliseconds).median;
        threadsOf[name] = threads;
        if (blas && streams > 1) {
          const withBlas = `unrolled with BLAS, ${threadsName(threads)}`;
          engines[withBlas] = async () => summarise((await ours(streams, threads, steps, blas)).milliseconds).median;
          threadsOf[withBlas] = threads;
        }
        if (!pytorch) continue;
        const pytorchRun = (count: number): Run =>
          pytorch.run('pytorch_sample.py', { layers, H, V, streams, threads, warmup, runs: count });
        assertAlike('sample', (await ours(streams, threads, 1)).logits, pytorchRun(1).logits, 1e-4);
        engines[`PyTorch, ${threadsName(threads)}`] = () => summarise(pytorchRun(steps).milliseconds).median;
        threadsOf[`PyTorch, ${threadsName(threads)}`] = threads;
      }
      const timings = Object.entries(await interleave(engines, rounds));
      const theirs = timings.filter(([engine]) => engine.startsWith('PyTorch')).map(([, { median }]) => median);
      for (const [engine, { median, min, max }] of timings) {
        rows.push({
          streams,
          engine,
          'characters/s': Math.round((streams * 1000) / median),
          'ms per character of each': rounded(median),
          'min–max': `${rounded(min)}–${rounded(max)}`,
          ...arithmetic(flops * streams, median, threadsOf[engine], peak),
          ...besideBest(theirs, median),
        });
      }
    }
    return {
      rows,
      notes: [
        'The likeliest character is taken each time; the same parameters gave both engines the same logits first.',
        'One stream reads each weight once a character: there is nothing a BLAS could do better.',
      ],
    };
  },
};
