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
import { interleave, rounded, summarise } from '../timing.ts';

/** As in the question `step`, 2×LSTM-128. */
const sizes = { layers: 2, hidden: 128, embedding: 128, vocabulary: 65, batch: 50, steps: 50 };

/** Cells beside the fused LSTM, of which those are timed that the library has. */
const wanted: readonly { readonly name: string; readonly cell: string; readonly forms: readonly UnrollForm[] }[] = [
  { name: 'LSTM', cell: 'lstm', forms: ['fused', 'traced', 'steps'] },
  { name: 'GRU', cell: 'gru', forms: ['fused', 'traced', 'steps'] },
  ...['mut1', 'mut2', 'mut3', 'nas', 'rhn'].map((cell) => ({
    name: cell.toUpperCase(),
    cell,
    forms: ['traced', 'steps'] as const,
  })),
];

/** A training step of a character model, its cells run in the form that is asked for. */
async function model(cell: string, form: UnrollForm, threads: number) {
  const { layers, hidden, embedding, vocabulary: V, batch: B, steps: T } = sizes;
  const device = await openDevice('wasm', { threads });
  const embed = new Embedding({ entries: V, size: embedding });
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
async function timeCell(cell: string, form: UnrollForm, threads: number, runs: number) {
  const { step, flops, close } = await model(cell, form, threads);
  const losses = Array.from({ length: 3 }, step);
  const milliseconds = Array.from({ length: runs }, () => {
    const start = performance.now();
    losses.push(step());
    return performance.now() - start;
  });
  close();
  if (!(losses.at(-1)! < losses[0])) throw new Error(`cells: ${cell}, ${form}: losses were ${losses.join(', ')}`);
  return { median: summarise(milliseconds).median, flops };
}

export const cells: Question = {
  name: 'cells',
  asks: 'ms of a training step with 2 layers of a cell, written as a plain step and traced, beside the fused LSTM',
  async answer({ runs, rounds, peak }) {
    const rows: Row[] = [];
    const known = wanted.filter(({ cell }) => cellNames.includes(cell));
    for (const threads of threadCounts()) {
      const flops: Record<string, number> = {};
      const engines = Object.fromEntries(
        known.flatMap(({ name, cell, forms }) =>
          forms.map((form) => [
            `${name}, ${form}`,
            async () => {
              const timed = await timeCell(cell, form, threads, runs);
              flops[`${name}, ${form}`] = timed.flops;
              return timed.median;
            },
          ]),
        ),
      );
      const timings = await interleave(engines, rounds);
      const rate = (name: string): number => flops[name] / timings[name].median;
      for (const [name, { median, min, max }] of Object.entries(timings)) {
        rows.push({
          cell: name,
          on: threadsName(threads),
          'ms per step': rounded(median),
          'min–max': `${rounded(min)}–${rounded(max)}`,
          ...arithmetic(flops[name], median, threads, peak),
          "fused LSTM's GFLOP/s ÷ this": rounded(rate('LSTM, fused') / rate(name)),
        });
      }
    }
    return {
      rows,
      notes: [
        'Embedding 128, 2 layers of 128 units, V 65, B 50, T 50; forward, backward, clip by norm and Adam. GFLOP/s counts the ' +
          'matrix products, 6 operations for each of their weights and characters.',
        'Forms: fused: the layer that the backend has; traced: a program read from the step; steps: the step, 50 times.',
      ],
    };
  },
};
