import { type FaultGroup, faultsIn } from '../fault.ts';

const source = 'packages/unrolled/src';
const [vision, draw, glimpse] = [`${source}/nn/vision`, `${source}/tasks/draw`, `${source}/tasks/glimpse`];

/** Filter banks, DRAW, and recurrent attention. */
export const glimpses: FaultGroup = {
  name: 'glimpses and drawing',
  faults: [
    ...faultsIn(
      `${vision}/filter-banks.ts`,
      [`${vision}/filter-banks.test.ts`, `${glimpse}/glimpse.test.ts`],
      [
        ['const weights = exp(mul(square(scaled), -0.5));', 'const weights = exp(mul(square(scaled), -1));'],
        ['i - (count - 1) / 2)', 'i - count / 2)'],
        [
          'return matmul(matmul(rows, patches, { transposeA: true }), columns);',
          'return matmul(matmul(columns, patches, { transposeA: true }), rows);',
        ],
        ['sub((width + 1) / 2, abs', 'sub(width / 2, abs'],
      ],
    ),
    ...faultsIn(
      `${vision}/filter-attention.ts`,
      [`${vision}/filter-banks.test.ts`],
      [['exp(mul(logVariance, 0.5))', 'exp(logVariance)']],
    ),
    ...faultsIn(
      `${vision}/glimpse-sensor.ts`,
      [`${glimpse}/glimpse.test.ts`],
      [['const width = 2 ** s;', 'const width = s + 2;']],
    ),
    ...faultsIn(
      `${draw}/network.ts`,
      [`${draw}/draw.test.ts`],
      [
        ['scale(sum(each, { axes: -1 }), 0.5)', 'sum(each, { axes: -1 })'],
        ['canvas: add(canvas, stroke)', 'canvas: stroke'],
      ],
    ),
    ...faultsIn(
      `${draw}/model.ts`,
      [`${draw}/draw.test.ts`],
      [
        [
          'add(scale(sub(noise.square(), z.square()), 0.5), logDeviation)',
          'scale(sub(noise.square(), z.square()), 0.5)',
        ],
      ],
    ),
    ...faultsIn(
      `${draw}/drawing.ts`,
      [`${draw}/draw.test.ts`],
      [['scale(z, 1 - input.share)', 'scale(z, input.share)']],
    ),
    ...faultsIn(
      `${source}/nn/reinforce.ts`,
      [`${source}/nn/seq2seq/images.test.ts`],
      [
        ['square(sub(returns, baseline))', 'square(sub(returns, baseline.detach()))'],
        ['const advantage = sub(returns, baseline.detach());', 'const advantage = sub(returns, baseline);'],
      ],
    ),
    ...faultsIn(
      `${glimpse}/network.ts`,
      [`${glimpse}/glimpse.test.ts`],
      [
        ['const known = h.detach();', 'const known = h.mul(0);'],
        ['0.5 * Math.sqrt((i + 1) / places)', '0.5 * ((i + 1) / places)'],
        ['declarations.buffer(', 'declarations.declare('],
        [
          'const place = add(middle, scale(noise, deviation)).detach();',
          'const place = add(middle, scale(noise, deviation));',
        ],
      ],
    ),
    ...faultsIn(
      `${source}/images/scenes.ts`,
      [`${glimpse}/glimpse.test.ts`],
      [['const lefts = [a, b + pair[0].image.width];', 'const lefts = [a, b];']],
    ),
  ],
};
