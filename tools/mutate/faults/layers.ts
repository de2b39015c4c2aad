import { type FaultGroup, faultsIn } from '../fault.ts';

const nn = 'packages/unrolled/src/nn';
const unrolling = [`${nn}/unroll.test.ts`, `${nn}/truncation.test.ts`, `${nn}/layers.test.ts`];

/** Masks, losses, attention, pooling, a CRF. */
export const layers: FaultGroup = {
  name: 'masks, losses and layers',
  faults: [
    ...faultsIn(`${nn}/unroll.ts`, unrolling, [
      ['return select(mask, part, before[name]);', 'return part;'],
      ['output = select(active[t], output, 0);', 'output = select(active[t], output, 1);'],
      ['yield reverse ? T - 1 - i : i;', 'yield i;'],
    ]),
    ...faultsIn(
      `${nn}/lengths.ts`,
      [...unrolling, `${nn}/pooling.test.ts`, `${nn}/crf.test.ts`],
      [
        ['Math.floor(i / B) < lengths[i % B] ? 1 : 0', 'Math.floor(i / B) <= lengths[i % B] ? 1 : 0'],
        ['n < 1 || n > T', 'n < 1'],
      ],
    ),
    ...faultsIn(
      `${nn}/parameters.ts`,
      [`${nn}/parameters.test.ts`],
      [
        ['this.value.device.backend.copy(values, this.value);', 'this.value = values;'],
        ['isFree ? this.values.view(shape, position) : device', 'true ? this.values.view(shape, position) : device'],
        ['if (seed !== null && parameter.initialiser !== zeros)', 'if (seed !== null && !parameter.frozen)'],
      ],
    ),
    ...faultsIn(
      `${nn}/layer-kind.ts`,
      [`${nn}/layer-from.test.ts`],
      [
        ["if (!('fromConfig' in Kind)) return new Kind(given as never);", 'return new (Kind as never)(given);'],
        ['layerOf(known, inner, own, withOwnCell) as Layer', 'layerOf(known, inner, {}, withOwnCell) as Layer'],
      ],
    ),
    ...faultsIn(
      `${nn}/seq2seq/loss.ts`,
      [`${nn}/seq2seq/seq2seq.test.ts`, 'packages/unrolled/src/tasks/translate/model.test.ts'],
      [['(random.uniform() < rate ? -1 : id)', '(random.uniform() > rate ? -1 : id)']],
    ),
    ...faultsIn(
      `${nn}/draw-ids.ts`,
      [`${nn}/seq2seq/seq2seq.test.ts`],
      [
        ['noise[row * V + given[row]] = 0;', 'noise[row * V] = 0;'],
        ['if (id !== never) noise', 'noise'],
        ['-Math.log(-Math.log(', '-Math.log(Math.log('],
      ],
    ),
    ...faultsIn(
      `${nn}/reinforce.ts`,
      [`${nn}/seq2seq/images.test.ts`],
      [
        ['Number(i % T >= Math.floor(i / T))', 'Number(i % T > Math.floor(i / T))'],
        ['mul(neg(advantage), drawn', 'mul(advantage, drawn'],
        ['scale(baseline.value, 1 - SHARE)', 'baseline.value'],
      ],
    ),
    ...faultsIn(
      `${nn}/seq2seq/bridge.ts`,
      [
        `${nn}/layer-from.test.ts`,
        `${nn}/seq2seq/seq2seq.test.ts`,
        'packages/unrolled/src/tasks/translate/model.test.ts',
      ],
      [['encoded.length === state.length && state.every(passes)', 'state.every(passes)']],
    ),
    ...faultsIn(
      `${nn}/losses.ts`,
      [
        'test/golden/losses.test.ts',
        `${nn}/losses.test.ts`,
        `${nn}/layers.test.ts`,
        'packages/unrolled/src/ops/gradients.test.ts',
      ],
      [
        ['n + Number(id >= 0)', 'n + 1'],
        ['count > 0 ? 1 / count : 0', '1 / losses.size'],
        ['select(present, shares, 0)', 'shares'],
        ['mul(over, sub(q, 1))', 'mul(over, q)'],
        ['0.5 * Math.log(2 * Math.PI)', 'Math.log(2 * Math.PI)'],
        ['sub(softplus(z), mul(z, y))', 'sub(softplus(z), y)'],
      ],
    ),
    ...faultsIn(
      `${nn}/crf.ts`,
      [`${nn}/crf.test.ts`],
      [
        ['const into = transpose(transitions); // [to, from]', 'const into = transitions;'],
        ['select(active[index + 1], after, before)', 'select(active[index], after, before)'],
        ['return logSumExp(add(alpha, end));', 'return logSumExp(alpha);'],
        ['tag(t - 1, b) * K + tag(t, b)', 'tag(t, b) * K + tag(t - 1, b)'],
        ['ends(end, (b) => counts[b] - 1)', 'ends(end, () => T - 1)'],
      ],
    ),
    ...faultsIn(
      `${nn}/viterbi.ts`,
      [`${nn}/crf.test.ts`],
      [
        ['before[i] + transitions[i * K + to] > before[place]', 'before[i] + transitions[to * K + i] > before[place]'],
        ['const last = scores.map((score, k) => score + end[k]);', 'const last = scores;'],
      ],
    ),
    ...faultsIn(
      `${nn}/lengths.ts`,
      [`${nn}/attention.test.ts`],
      [['i % S < lengths[Math.floor(i / S)] ? 0', 'i % S <= lengths[Math.floor(i / S)] ? 0']],
    ),
    ...faultsIn(
      `${nn}/attention.ts`,
      [`${nn}/attention.test.ts`],
      [
        ['scale(dot, 1 / Math.sqrt(K))', 'scale(dot, 1 / K)'],
        ['softmax(mask ? add(scores, mask) : scores)', 'softmax(scores)'],
        ['coverage: past && add(past, flat)', 'coverage: past && flat'],
        ['sum(minimum(weights, coverage), { axes: -1 })', 'sum(weights, { axes: -1 })'],
      ],
    ),
    ...faultsIn(
      `${nn}/pooling.ts`,
      [`${nn}/pooling.test.ts`],
      [
        ['(length - 1) * B + b', 'length * B - B'],
        ['sumOverTime(replacePadding(xs, counts, 0))', 'sumOverTime(xs)'],
        ['replacePadding(xs, counts, Number.NEGATIVE_INFINITY)', 'replacePadding(xs, counts, 0)'],
      ],
    ),
    ...faultsIn(
      `${nn}/cells/mut.ts`,
      [`${nn}/cells/literature.test.ts`],
      [['const next = n.mul(z).add(h.mul(z.mul(-1).add(1)));', 'const next = h.mul(z).add(n.mul(z.mul(-1).add(1)));']],
    ),
    ...faultsIn(
      `${nn}/cells/nas.ts`,
      [`${nn}/cells/literature.test.ts`],
      [['.mul(a2.add(a3).tanh())', '.mul(a2.add(a3))']],
    ),
    ...faultsIn(
      `${nn}/cells/unitary.ts`,
      [`${nn}/cells/literature.test.ts`],
      [
        [
          '{ re: rc.sub(is), im: ic.add(rs) } : { re: rc.add(is), im: ic.sub(rs) }',
          '{ re: rc.sub(is), im: ic.add(rs) } : { re: rc.add(is), im: ic.add(rs) }',
        ],
      ],
    ),
  ],
};
