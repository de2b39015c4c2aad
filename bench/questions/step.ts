import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import { besideBest, type Question, type Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';
import { flopsOf, type StepCase, timeTrainingStep } from '../training-step.ts';

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

export const step: Question = {
  name: 'step',
  asks: 'ms of a training step of a character model (batch, forward, backward, clip by norm, Adam), V 65',
  async answer({ runs: most, rounds, peak, pytorch }) {
    const rows: Row[] = [];
    for (const [name, { step, share, warmup }] of Object.entries(cases)) {
      const runs = Math.max(1, Math.round(most * share));
      const engines: Record<string, Engine> = {};
      const threadsOf: Record<string, number> = {};
      for (const threads of threadCounts()) {
        const ours = `unrolled, ${threadsName(threads)}`;
        engines[ours] = async () => (await timeTrainingStep(step, threads, runs, warmup)).median;
        threadsOf[ours] = threads;
        if (!pytorch) continue;
        const theirs = `PyTorch, ${threadsName(threads)}`;
        engines[theirs] = () => {
          const options = { ...step, threads, runs, warmup };
          return summarise(pytorch.run<{ milliseconds: number[] }>('pytorch_step.py', options).milliseconds).median;
        };
        threadsOf[theirs] = threads;
      }
      const timings = Object.entries(await interleave(engines, rounds));
      const peers = timings.filter(([engine]) => engine.startsWith('PyTorch')).map(([, { median }]) => median);
      for (const [engine, { median, min, max }] of timings) {
        rows.push({
          case: name,
          engine,
          'ms per step': rounded(median),
          'min–max': `${rounded(min)}–${rounded(max)}`,
          'characters/s': Math.round((step.batch * step.steps * 1000) / median),
          ...arithmetic(flopsOf(step), median, threadsOf[engine], peak),
          ...besideBest(peers, median),
        });
      }
    }
    return {
      rows,
      notes: [
        'The 128s: B 50, T 50; the 512: B 100, T 100. GFLOP/s counts the matrix products, 6 operations a weight and ' +
          "character; % of peak is of our own product's with as many threads.",
      ],
    };
  },
};
