/**
 * npm run bench [-- --runs N] [-- --json FILE]: how long a training step takes, ours and PyTorch's where it is
 * installed, one after the other in several rounds, since machines are noisy: compare figures of one table only.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { machineLine, summarise } from './measure.ts';
import { findPytorch, timePytorch } from './peers/pytorch.ts';
import { findBlas, flopsOf, type StepCase, timeTrainingStep } from './training-step.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});
const [runs, rounds] = [Number(values.runs), Number(values.rounds)];

const base = { embedding: 128, vocabulary: 65, batch: 50, steps: 50 };
const cases: Record<string, StepCase> = {
  '2×LSTM-128': { cell: 'lstm', layers: 2, hidden: 128, ...base },
  '2×GRU-128': { cell: 'gru', layers: 2, hidden: 128, ...base },
  '2×RNN-128': { cell: 'rnn', layers: 2, hidden: 128, ...base },
};
const threadCounts = [...new Set([1, Math.min(availableParallelism(), 8)])];
const pytorch = findPytorch();
const blas = await findBlas();

console.log(machineLine());
console.log(pytorch?.description ?? 'PyTorch not found (Debian: python3-torch, libopenblas0): ours alone');

const rows: Record<string, unknown>[] = [];
for (const [name, step] of Object.entries(cases)) {
  const engines: Record<string, () => Promise<{ median: number }> | { median: number }> = {};
  for (const threads of threadCounts) {
    engines[`unrolled, ${threads} thread${threads > 1 ? 's' : ''}`] = () => timeTrainingStep(step, threads, runs);
    if (blas !== null)
      engines[`unrolled with BLAS, ${threads} thread${threads > 1 ? 's' : ''}`] = () =>
        timeTrainingStep(step, threads, runs, blas);
    if (pytorch)
      engines[`PyTorch, ${threads} thread${threads > 1 ? 's' : ''}`] = () => timePytorch(pytorch, step, threads, runs);
  }
  const medians: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [engine, time] of Object.entries(engines)) {
      medians[engine] ??= [];
      medians[engine].push((await time()).median);
    }
  }
  const peer = Math.min(
    ...Object.entries(medians).map(([engine, times]) =>
      engine.startsWith('PyTorch') ? summarise(times).median : Infinity,
    ),
  );
  for (const [engine, times] of Object.entries(medians)) {
    const { median, min, max } = summarise(times);
    rows.push({
      case: name,
      engine,
      'ms per step': Number(median.toFixed(1)),
      'min–max': `${min.toFixed(1)}–${max.toFixed(1)}`,
      'characters/s': Math.round((step.batch * step.steps * 1000) / median),
      'GFLOP/s': Number((flopsOf(step) / median / 1e6).toFixed(1)),
      ...(pytorch && { "PyTorch's best ÷ this": Number((peer / median).toFixed(2)) }),
    });
  }
}
console.table(rows);
if (values.json)
  writeFileSync(
    values.json,
    JSON.stringify({ machine: machineLine(), peer: pytorch?.description ?? null, runs, rounds, rows }, null, 2),
  );
