import { openDevice } from 'unrolled';
import {
  type CellConfig,
  cellNames,
  crossEntropyLoss,
  Embedding,
  initialiseParameters,
  Linear,
  Recurrent,
  type UnrollForm,
} from 'unrolled/nn';
import { Optimizer } from 'unrolled/optim';
import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import type { Question, Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';

/** As in the question `step`, 2×LSTM-128. */
const sizes = { layers: 2, hidden: 128, embedding: 128, vocabulary: 65, steps: 50 };

interface Case {
  readonly name: string;
  readonly cell: string;
  readonly batch: number;
  readonly forms: readonly UnrollForm[];
  /** Its ratio is to that one, fused. */
  readonly beside: string;
}

const all = ['fused', 'traced', 'steps'] as const;
const few = { name: 'LSTM, B 1', cell: 'lstm', batch: 1, forms: all, beside: 'LSTM, B 1' };

/** Cells beside the fused LSTM, of which those are timed that the library has. */
const cases: readonly Case[] = [
  ...['lstm', 'gru', 'mut1', 'mut2', 'mut3', 'nas', 'rhn'].map((cell) => ({
    name: cell.toUpperCase(),
    cell,
    batch: 50,
    forms: cell === 'lstm' || cell === 'gru' ? all : all.slice(1),
    beside: 'LSTM',
  })),
  few,
];

/** A training step of a character model, its cells run in the form that is asked for. */
async function model({ cell, batch: B }: Case, form: UnrollForm, threads: number) {
  const { layers, hidden, embedding, vocabulary: V, steps: T } = sizes;
  const device = await openDevice('wasm', { threads });
  const embed = new Embedding({ vocabularySize: V, dimension: embedding });
  const recurrent = new Recurrent({ cell: { cell, hidden } as CellConfig, layers });
  const output = new Linear({ units: V });
  const parameters = initialiseParameters(
    {
      build(input, declarations) {
        const xs = embed.build(input, declarations.within('embedding'));
        return output.build(recurrent.build(xs, declarations.within('cells')), declarations.within('output'));
      },
    },
    [-1, -1],
    device,
    1,
  );
  const optimizer = new Optimizer(parameters, { method: 'adam' });
  const ids = Array.from({ length: (T + 1) * B }, (_, i) => (i * i + 7 * i) % V);
  const [inputs, targets] = [device.ids(ids.slice(0, T * B), [T, B]), device.ids(ids.slice(B), [T, B])];
  const context = { training: false } as const;
  // Every matrix that products are taken with, which is all but the embedding.
  const weights = parameters.names
    .filter((name) => !name.startsWith('embedding'))
    .map((name) => parameters.get(name).shape)
    .filter((shape) => shape.length === 2)
    .reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  return {
    flops: 6 * weights * B * T,
    close: () => device.close(),
    step: (): number =>
      device.scope(() => {
        const { outputs } = recurrent.run(embed.apply(inputs), context, { form });
        const loss = crossEntropyLoss(output.apply(outputs), targets);
        parameters.backward(loss);
        optimizer.update({ learningRate: 2e-3, clipNorm: 5 });
        return loss.item();
      }),
  };
}

/** @throws Error if the loss does not fall, so that nothing wrong is timed */
async function timeCase(one: Case, form: UnrollForm, threads: number, runs: number) {
  const { step, flops, close } = await model(one, form, threads);
  const losses = Array.from({ length: 3 }, step);
  const milliseconds = Array.from({ length: runs }, () => {
    const start = performance.now();
    losses.push(step());
    return performance.now() - start;
  });
  close();
  if (!(losses.at(-1)! < losses[0])) throw new Error(`cells: ${one.name}, ${form}: losses were ${losses.join(', ')}`);
  return { median: summarise(milliseconds).median, flops };
}

export const cells: Question = {
  name: 'cells',
  asks: 'ms of a training step with 2 layers of a cell, written as a plain step and traced, beside the fused LSTM',
  async answer({ runs, rounds, peak }) {
    const rows: Row[] = [];
    const known = cases.filter(({ cell }) => cellNames.includes(cell));
    for (const threads of threadCounts()) {
      const flops: Record<string, number> = {};
      const engines: Record<string, Engine> = {};
      for (const one of known) {
        for (const form of one.forms) {
          engines[`${one.name}, ${form}`] = async () => {
            const timed = await timeCase(one, form, threads, runs);
            flops[`${one.name}, ${form}`] = timed.flops;
            return timed.median;
          };
        }
      }
      const timings = await interleave(engines, rounds);
      const rate = (name: string): number => flops[name] / timings[name].median;
      for (const { name, forms, beside } of known) {
        for (const form of forms) {
          const engine = `${name}, ${form}`;
          const { median, min, max } = timings[engine];
          rows.push({
            cell: engine,
            on: threadsName(threads),
            'ms per step': rounded(median),
            'min–max': `${rounded(min)}–${rounded(max)}`,
            ...arithmetic(flops[engine], median, threads, peak),
            "fused LSTM's GFLOP/s ÷ this": rounded(rate(`${beside}, fused`) / rate(engine)),
          });
        }
      }
    }
    return {
      rows,
      notes: [
        'Embedding 128, 2 layers of 128 units, V 65, B 50 (or 1, beside the LSTM of 1), T 50; forward, backward, clip by norm and Adam. GFLOP/s counts the ' +
          'matrix products, 6 operations for each of their weights and characters.',
        'Forms: fused: the layer that the backend has; traced: a program read from the step; steps: the step, 50 times.',
      ],
    };
  },
};
