import { type FaultGroup, faultsIn } from '../fault.ts';

const keras = 'packages/unrolled/src/keras';
const [layers, masks, training, functional, saving, losses] = [
  'layers',
  'masks',
  'training',
  'functional',
  'saving',
  'losses',
].map((name) => `${keras}/${name}.test.ts`);

/** Keras' models over the library's layers. */
export const kerasFaults: FaultGroup = {
  name: "Keras' models",
  faults: [
    ...faultsIn(
      `${keras}/layers/recurrent/packed.ts`,
      [masks],
      [
        ['b * T + (order[b][t] ?? order[b][0] ?? 0)', 'b * T + t'],
        ['(ran - 1) * B + b', '(T - 1) * B + b'],
        ['if (counts) ran++;', 'ran++;'],
        ['(zero && !counts)', 'zero'],
        ['backwards ? T - 1 - s : s', 's'],
      ],
    ),
    ...faultsIn(
      `${keras}/layers/recurrent/cells.ts`,
      [layers],
      [
        ['const order = [1, 0, 2];', 'const order = [0, 1, 2];'],
        ['biasHh: resetAfter ? row(1) : null', 'biasHh: resetAfter ? row(0) : null'],
        ['index === 1 ?', 'index === 0 ?'],
      ],
    ),
    ...faultsIn(
      `${keras}/layers/recurrent/rnn.ts`,
      [masks, functional],
      [
        ['(mask?.reversed() ?? null)', 'mask'],
        ['this.#carried = states.map(copied);', 'this.#carried ??= states.map(copied);'],
        ['before[place + i]', 'before[i]'],
      ],
    ),
    ...faultsIn(`${keras}/store.ts`, [functional], [['before.adopt(({ value }) => value);', '']]),
    ...faultsIn(
      `${keras}/training/forward.ts`,
      [training, masks],
      [
        ['counted > 0 ? 1 / counted : 0', '1 / n'],
        ['fine.data[i] * coarse', 'coarse'],
        ['weight.regularizer && trainable', '!weight.regularizer && trainable'],
        ['data[i] !== ignored', 'data[i] === ignored'],
      ],
    ),
    ...faultsIn(
      `${keras}/training/optimizer.ts`,
      [training, saving],
      [
        ['epsilon / Math.sqrt(second)', 'epsilon'],
        ['this.#product *= now;', ''],
        ['this.iterations = state.iterations;', ''],
        ['1 - rate * weightDecay', '1 - weightDecay'],
        ['this.#product = state.product;', ''],
      ],
    ),
    ...faultsIn(`${keras}/training/fit.ts`, [training, saving], [['if (after) progress.position = after;', '']]),
    ...faultsIn(
      `${keras}/callbacks/stopping.ts`,
      [training, saving],
      [
        ['wait >= patience && epoch > 0', 'wait > patience && epoch > 0'],
        ['fit.model.setWeightsByPath(weights);', ''],
        ['optimizer.learningRate * factor', 'optimizer.learningRate'],
      ],
    ),
    ...faultsIn(
      `${keras}/training/counted-metrics.ts`,
      [losses],
      [
        ['beta ** 2 * fn + fp', 'fn + beta ** 2 * fp'],
        ['squares - sum ** 2 / weight', 'squares'],
        ['(x[i] - x[i + 1]) * (y[i] + y[i + 1])', '(x[i] - x[i + 1]) * y[i]'],
      ],
    ),
  ],
};
