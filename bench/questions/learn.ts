import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from 'unrolled';
import { LanguageModel, languageModelTraining } from 'unrolled/tasks/language-model';
import { tokenizerFor } from 'unrolled/tokenizers';
import { train } from 'unrolled/train';
import { threadCounts, threadsName } from '../machine.ts';
import type { Question, Row } from '../question.ts';
import { rounded, summarise } from '../timing.ts';
import { findBlas } from '../training-step.ts';

/** The command's defaults, at which all engines train. */
const sizes = { layers: 2, hidden: 256, embedding: 256, dropout: 0.2, batch: 32, seq: 64, rate: 3e-3 };
const thresholds = [1.6, 1.5];
const validations = 13;

interface Point {
  readonly step: number;
  /** Of training, without validation. */
  readonly seconds: number;
  /** Nats a character, on the last tenth of the text. */
  readonly loss: number;
}

interface Curve {
  readonly points: readonly Point[];
  readonly milliseconds: readonly number[];
}

async function ours(text: string, steps: number, threads: number, blas: string): Promise<Curve> {
  const device = await openDevice('wasm', { threads, blas });
  const tokenizer = tokenizerFor('char', text);
  const { layers, hidden, embedding, dropout, batch, seq, rate } = sizes;
  const model = new LanguageModel(device, tokenizer, { cell: 'lstm', hidden, layers, embedding, dropout }, 1);
  const task = languageModelTraining(model, tokenizer.encode(text), { batch, steps: seq, seed: 1 });
  const points: Point[] = [];
  const milliseconds: number[] = [];
  let [seconds, last] = [0, performance.now()];
  const events = train(task, {
    optimizer: { method: 'adam' },
    learningRate: rate,
    schedule: 'hold-linear',
    clipNorm: 1,
    steps,
    progressEvery: 1,
    validateEvery: Math.ceil(steps / validations),
    sampleEvery: 0,
  });
  for await (const event of events) {
    const now = performance.now();
    if (event.type === 'progress') {
      milliseconds.push(now - last);
      seconds += (now - last) / 1000;
    }
    if (event.type === 'validation') points.push({ step: event.step, seconds, loss: event.loss });
    last = performance.now();
  }
  device.close();
  return { points, milliseconds };
}

/** Seconds of training until the validation loss, taken as a line from point to point, falls to this; null: it does not. */
function secondsTo(loss: number, points: readonly Point[]): number | null {
  const index = points.findIndex((point) => point.loss <= loss);
  if (index < 0) return null;
  if (index === 0) return points[0].seconds;
  const [before, after] = [points[index - 1], points[index]];
  return before.seconds + ((before.loss - loss) / (before.loss - after.loss)) * (after.seconds - before.seconds);
}

export const learn: Question = {
  name: 'learn',
  asks: 'seconds to 1.60 and to 1.50 nats a character of --text, 2×LSTM-256, E 256, B 32, T 64, Adam 3e-3, dropout 0.2',
  async answer({ text: path, steps, peers: { pytorch } }) {
    if (path === null) return { rows: [], notes: ['learn: left out; give it a text: --text tinyshakespeare.txt'] };
    const text = readFileSync(path, 'utf8');
    const folder = mkdtempSync(join(tmpdir(), 'unrolled-bench-'));
    try {
      const tokens = join(folder, 'tokens');
      const tokenizer = tokenizerFor('char', text);
      writeFileSync(tokens, tokenizer.encode(text));
      const theirs = (threads: number, end: number): Curve => {
        const validateEvery = Math.ceil(steps / validations);
        const options = { ...sizes, vocabulary: tokenizer.size, tokens, steps, end, validateEvery, threads };
        return pytorch!.run('pytorch_learn.py', options);
      };
      const threads = Math.max(...threadCounts());
      const blas = await findBlas();
      const engines: Record<string, () => Promise<Curve> | Curve> = {
        [`unrolled, ${threadsName(threads)}`]: () => ours(text, steps, threads, 'off'),
      };
      if (blas) engines[`unrolled with BLAS, ${threadsName(threads)}`] = () => ours(text, steps, threads, blas);
      if (pytorch) {
        const speedOf = (count: number): number => summarise(theirs(count, 8).milliseconds).median;
        const speeds = threadCounts().map((count) => ({ count, median: speedOf(count) }));
        const best = speeds.reduce((a, b) => (b.median < a.median ? b : a)).count;
        engines[`PyTorch, ${threadsName(best)}`] = () => theirs(best, steps);
      }
      const curves: [string, Curve][] = [];
      for (const [engine, run] of Object.entries(engines)) curves.push([engine, await run()]);
      const peer = curves.find(([engine]) => engine.startsWith('PyTorch'))?.[1] ?? null;
      const rows = curves.map(([engine, { points, milliseconds }]): Row => {
        const times = thresholds.map((loss) => secondsTo(loss, points));
        const ratios = thresholds.map((loss, i) => {
          const other = peer && secondsTo(loss, peer.points);
          return [`PyTorch ÷ this, ${loss}`, other && times[i] ? rounded(other / times[i]) : null] as const;
        });
        return {
          engine,
          'ms per step': rounded(summarise(milliseconds).median),
          ...Object.fromEntries(thresholds.map((loss, i) => [`s to ${loss}`, times[i] && rounded(times[i])])),
          ...(peer && Object.fromEntries(ratios)),
          'loss at the end': rounded(points.at(-1)!.loss, 4),
          's in all': rounded(points.at(-1)!.seconds),
        };
      });
      return {
        rows,
        notes: [
          `${steps} steps: the rate is held for one half, then goes in a line to 2%. Seconds are of training alone.`,
          'Weights and dropout are drawn by each engine for itself, so losses differ by about 0.01.',
        ],
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
