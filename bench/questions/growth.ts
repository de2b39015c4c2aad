import { arithmetic } from '../machine.ts';
import type { Question, Row } from '../question.ts';
import { type Engine, interleave, rounded } from '../timing.ts';
import { flopsOf, type StepCase, timeTrainingStep } from '../training-step.ts';

const base: StepCase = { cell: 'lstm', layers: 1, hidden: 64, embedding: 64, vocabulary: 33, batch: 16, steps: 32 };

const axes = {
  T: { key: 'steps', values: [32, 64, 128, 256], grows: 'in a line' },
  B: { key: 'batch', values: [16, 32, 64, 128], grows: 'in a line' },
  L: { key: 'layers', values: [1, 2, 4], grows: 'in a line' },
  H: { key: 'hidden', values: [64, 128, 256], grows: 'towards its square' },
} as const;

export const growth: Question = {
  name: 'growth',
  asks: 'time and memory of a training step as T, B, layers and H grow, and how much more that is than of the smallest',
  async answer({ runs, rounds, peak }) {
    const rows: Row[] = [];
    // The smallest comes first, and would otherwise bear the compilation of everything.
    await timeTrainingStep(base, 1, 50);
    for (const [axis, { key, values, grows }] of Object.entries(axes)) {
      const bytes: Record<string, number> = {};
      const steps = values.map((value) => ({ ...base, ...(key === 'hidden' && { embedding: value }), [key]: value }));
      const engines: Record<string, Engine> = {};
      steps.forEach((step, i) => {
        engines[`${axis} ${values[i]}`] = async () => {
          const { median, peakBytes } = await timeTrainingStep(step, 1, runs);
          bytes[`${axis} ${values[i]}`] = peakBytes;
          return median;
        };
      });
      const timings = Object.entries(await interleave(engines, rounds));
      const [first, { median: least }] = timings[0];
      timings.forEach(([name, { median }], i) => {
        rows.push({
          size: name,
          'ms per step': rounded(median),
          'MiB at most': rounded(bytes[name] / 2 ** 20),
          'size ÷ first': values[i] / values[0],
          'work ÷ first': rounded(flopsOf(steps[i]) / flopsOf(steps[0])),
          'time ÷ first': rounded(median / least),
          'memory ÷ first': rounded(bytes[name] / bytes[first]),
          'should grow': grows,
          ...arithmetic(flopsOf(steps[i]), median, 1, peak),
        });
      });
    }
    const { batch: B, steps: T, hidden: H, layers: L } = base;
    return { rows, notes: [`Smallest: LSTM, T ${T}, B ${B}, L ${L}, H ${H}, V ${base.vocabulary}; one thread.`] };
  },
};
