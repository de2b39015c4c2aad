import { type FaultGroup, faultsIn } from '../fault.ts';

const src = 'packages/unrolled/src';
const search = [`${src}/decode/search.test.ts`, `${src}/decode/tensor-step.test.ts`];

/** Greedy and beam search, sampling. */
export const decoding: FaultGroup = {
  name: 'decoding',
  faults: [
    ...faultsIn(`${src}/decode/beam.ts`, search, [
      ['return ((5 + length) / 6) ** alpha;', 'return ((5 + length) / 6) * alpha;'],
      ['result, 2 * width, blockNgrams)', 'result, width, blockNgrams)'],
      [
        '.filter(({ token }) => token !== end)\n        .slice(0, width)',
        '.slice(0, width)\n        .filter(({ token }) => token !== end)',
      ],
      ['best.splice(place, 0,', 'best.splice(best.length, 0,'],
      ['const length = tokens.length + (ended ? 1 : 0);', 'const length = tokens.length;'],
      ['byLength + beta * coverage(', 'byLength - beta * coverage('],
      ['Math.min(Math.max(covered, 1e-9), 1)', 'Math.max(covered, 1e-9)'],
      ['if (finished.length >= width) return true;', 'if (finished.length >= 1) return true;'],
      [
        'before.logProbability + logProbabilities[row * vocabulary + token]',
        'logProbabilities[row * vocabulary + token]',
      ],
      ['[...ended.sort(byScore), ...unended[source].sort(byScore)]', '[...ended, ...unended[source]]'],
    ]),
    ...faultsIn(`${src}/decode/search.ts`, search, [
      ['parents: Int32Array.from(live, ({ row }) => row)', 'parents: Int32Array.from(live, (_, i) => i)'],
      ['tokens.slice(tokens.length - size + 1)', 'tokens.slice(tokens.length - size)'],
    ]),
    ...faultsIn(`${src}/decode/greedy.ts`, search, [
      ['const ended = token === end;', 'const ended = token === start;'],
      ['before.logProbability + scores[token]', 'before.logProbability'],
    ]),
    ...faultsIn(
      `${src}/tasks/language-model/prompt-reader.ts`,
      [`${src}/tasks/overlapping.test.ts`, `${src}/tasks/language-model/generate.test.ts`],
      [
        ['this.#model.device.release(this.#state);', ''],
        ['state: gatherRows(before, rows)', 'state: before'],
        ['parts.map((part) => part.length) : null', 'null : null'],
      ],
    ),
    ...faultsIn(
      `${src}/decode/likeliest.ts`,
      [`${src}/tasks/language-model/predict.test.ts`],
      [
        ['weights[b] - weights[a] || a - b', 'a - b'],
        ['weights[id] / mass', 'weights[id]'],
      ],
    ),
    ...faultsIn(
      `${src}/signal.ts`,
      [`${src}/signal.test.ts`],
      [
        ['signal?.aborted === true && (error', '(error'],
        ['throw signal.reason ?? new', 'throw new'],
      ],
    ),
    ...faultsIn(
      `${src}/decode/sampling.ts`,
      [`${src}/decode/sampling.test.ts`, `${src}/tasks/language-model/generate.test.ts`],
      [
        ['Math.exp((logits[id] - highest) / temperature)', 'Math.exp((logits[id] - highest) * temperature)'],
        ['nucleus < topP * total', 'nucleus < topP'],
        ['topK > 0 ? Math.min(topK, order.length) : order.length', 'order.length'],
        ['weights[i] = id === never ? 0 :', 'weights[i] = id === -1 ? 0 :'],
        ['logits[b] - logits[a] || a - b', 'logits[a] - logits[b] || a - b'],
      ],
    ),
  ],
};
