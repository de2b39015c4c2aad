import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import type { Peer, Peers } from '../peers/peer.ts';
import { besideBest, type Question, type Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';
import { findBlas, flopsOf, type StepCase, timeTrainingStep } from '../training-step.ts';

const small = { layers: 2, hidden: 128, embedding: 128, vocabulary: 65, batch: 50, steps: 50 };
const large = { layers: 2, hidden: 512, embedding: 512, vocabulary: 65, batch: 100, steps: 100 };

/** A long case needs fewer timings. */
const cases: Readonly<Record<string, { step: StepCase; share: number; warmup: number }>> = {
  '2×LSTM-128': { step: { cell: 'lstm', ...small }, share: 1, warmup: 5 },
  '2×GRU-128': { step: { cell: 'gru', ...small }, share: 1, warmup: 5 },
  '2×RNN-128': { step: { cell: 'rnn', ...small }, share: 1, warmup: 5 },
  '2×LSTM-512': { step: { cell: 'lstm', ...large }, share: 0.2, warmup: 1 },
};

export const smallLstm: StepCase = cases['2×LSTM-128'].step;

interface Timed {
  readonly milliseconds: readonly number[];
  readonly losses: readonly number[];
}

/** @throws Error if a peer does not learn: it would be no peer */
function timePeer(peer: Peer, script: string, options: object): number {
  const { milliseconds, losses } = peer.run<Timed>(script, options);
  if (!(losses.at(-1)! < losses[0])) throw new Error(`step: ${peer.description}: losses were ${losses.join(', ')}`);
  return summarise(milliseconds).median;
}

/** Everything that can do this step, and on how many threads. */
function enginesOf(name: string, runs: number, { pytorch, tfjs, jaxjs }: Peers, blas: string | null) {
  const { step, warmup } = cases[name];
  const engines: Record<string, Engine> = {};
  const threadsOf: Record<string, number> = {};
  const add = (engine: string, threads: number, time: Engine): void => {
    engines[engine] = time;
    threadsOf[engine] = threads;
  };
  for (const threads of threadCounts()) {
    const on = threadsName(threads);
    add(`unrolled, ${on}`, threads, async () => (await timeTrainingStep(step, threads, runs, warmup)).median);
    if (blas) {
      const time = async () => (await timeTrainingStep(step, threads, runs, warmup, blas)).median;
      add(`unrolled with BLAS, ${on}`, threads, time);
    }
    if (!pytorch) continue;
    add(`PyTorch, ${on}`, threads, () => timePeer(pytorch, 'pytorch_step.py', { ...step, threads, runs, warmup }));
  }
  // Engines in JavaScript are slow enough to be shown once, and briefly.
  if (name !== '2×LSTM-128') return { engines, threadsOf };
  if (jaxjs) add('jax-js', 1, () => timePeer(jaxjs, 'jaxjs_step.mjs', { ...step, runs: Math.min(runs, 5), warmup: 1 }));
  let once: number | null = null;
  const timeTfjs = (peer: Peer): number => {
    once ??= timePeer(peer, 'tfjs_step.mjs', { ...step, runs: 1, warmup: 1 });
    return once;
  };
  if (tfjs) add('TensorFlow.js', 1, () => timeTfjs(tfjs));
  return { engines, threadsOf };
}

export const step: Question = {
  name: 'step',
  asks: 'ms of a training step of a character model (batch, forward, backward, clip by norm, Adam), V 65',
  async answer({ runs, rounds, peak, peers }) {
    const rows: Row[] = [];
    const blas = await findBlas();
    for (const [name, { step, share }] of Object.entries(cases)) {
      const { engines, threadsOf } = enginesOf(name, Math.max(1, Math.round(runs * share)), peers, blas);
      const timings = Object.entries(await interleave(engines, rounds));
      const theirs = timings.filter(([engine]) => !engine.startsWith('unrolled')).map(([, { median }]) => median);
      for (const [engine, { median, min, max }] of timings) {
        rows.push({
          case: name,
          engine,
          'ms per step': rounded(median),
          'min–max': `${rounded(min)}–${rounded(max)}`,
          'characters/s': Math.round((step.batch * step.steps * 1000) / median),
          ...arithmetic(flopsOf(step), median, threadsOf[engine], peak),
          ...besideBest(theirs, median),
        });
      }
    }
    return {
      rows,
      notes: [
        'The 128s: B 50, T 50; the 512: B 100, T 100. GFLOP/s counts the matrix products, 6 operations a weight and ' +
          "character; % of peak is of our own product's with as many threads.",
        'TensorFlow.js makes two steps in all and begins each with a state of zeros, as jax-js does.',
      ],
    };
  },
};
