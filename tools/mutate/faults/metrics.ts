import { type FaultGroup, faultsIn } from '../fault.ts';

const metric = 'packages/unrolled/src/metrics';
const audit = 'packages/unrolled/src/tasks/caption/audit';
const auditTest = [`${audit}/audit.test.ts`];
const text = [`${metric}/text.test.ts`, 'test/golden/translation-metrics.test.ts'];

/** How good predictions are. */
export const metrics: FaultGroup = {
  name: 'metrics',
  faults: [
    ...faultsIn(`${metric}/bleu.ts`, text, [
      ['Math.exp(1 - referenceLength / hypothesisLength)', 'Math.exp(1 - hypothesisLength / referenceLength)'],
      ['halving *= 2;', ''],
      [".replace(/([0-9])(-)/gu, '$1 $2 ')", ''],
    ]),
    ...faultsIn(`${metric}/ngrams.ts`, text, [
      [
        'distance(b) < distance(a) || (distance(b) === distance(a) && b < a) ? b : a',
        'distance(b) < distance(a) ? b : a',
      ],
      ['Math.max(count, most.get(ngram) ?? 0)', 'count + (most.get(ngram) ?? 0)'],
    ]),
    ...faultsIn(
      `${metric}/captions.ts`,
      [`${metric}/captions.test.ts`],
      [
        ['Math.min(weight, other) * other', 'weight * other'],
        ['(2 * SIGMA ** 2)', 'SIGMA ** 2'],
        ['recall + BETA ** 2 * precision', 'precision + BETA ** 2 * recall'],
        ['Math.log(Math.max(1, images.get(ngram) ?? 0))', 'Math.log(images.get(ngram) ?? 1) * 2'],
      ],
    ),
    ...faultsIn(`${audit}/audit.ts`, auditTest, [
      ['caption / (captions - caption)', 'caption / captions'],
      ['share(known, context, group) > 1 / groups.length', 'share(known, context, group) > 0'],
      ['!theirs.has(group)', 'theirs.has(group)'],
    ]),
    ...faultsIn(`${audit}/training.ts`, auditTest, [
      ['counts[images[order[more % images.length]]]++', 'counts[images[0]]++'],
    ]),
    ...faultsIn(`${audit}/evidence-summary.ts`, auditTest, [
      ['readings[part].named !== group', 'readings[part].named === group'],
    ]),
    ...faultsIn(`${metric}/chrf.ts`, text, [
      [
        '(1 + beta ** 2) * precision * recall) / (beta ** 2 * precision + recall)',
        '(1 + beta ** 2) * precision * recall) / (precision + beta ** 2 * recall)',
      ],
      ['b.size > 0 ? countAll(a) : 0', 'countAll(a)'],
    ]),
    ...faultsIn(`${metric}/edit-distance.ts`, text, [
      ['before[j] + Number(a[i] !== b[j])', 'before[j] + 1'],
      ['now[j] + 1));', 'now[j] + 2));'],
      ['errorRate(words(hypotheses), words(references))', 'errorRate(hypotheses, references)'],
      ['reference.length === other.length && ', ''],
    ]),
    ...faultsIn(`${metric}/ngrams.ts`, text, [['Math.min(count, b.get(ngram) ?? 0)', 'b.get(ngram) ?? 0']]),
    ...faultsIn(
      `${metric}/classification.ts`,
      [`${metric}/classification.test.ts`],
      [
        ['recall: support > 0 ? right / support : 0', 'recall: support > 0 ? right / predicted : 0'],
        ['matrix[actual[i]][predicted[i]]++;', 'matrix[predicted[i]][actual[i]]++;'],
        ['support > 0 || matrix.some((row) => row[k] > 0)', 'support > 0'],
      ],
    ),
    ...faultsIn(
      `${metric}/calibration.ts`,
      [`${metric}/classification.test.ts`],
      [
        ['gaps.reduce((total, gap) => total + Math.abs(gap), 0)', 'gaps.reduce((total, gap) => total + gap, 0)'],
        ['return total + moment / mass - row[actual[i]];', 'return total + moment / mass - most;'],
        ['Math.ceil(row[predicted] * bins)', 'Math.floor(row[predicted] * bins)'],
      ],
    ),
    ...faultsIn(
      `${metric}/spans.ts`,
      [`${metric}/spans.test.ts`, 'test/golden/translation-metrics.test.ts'],
      [
        [
          "before.place === 'E' || before.place === 'S' || before.type !== now.type",
          "before.place === 'E' || before.place === 'S'",
        ],
        ["now.place === 'B' || now.place === 'S' || ended", "now.place === 'S' || ended"],
        ['if (known.has(name(span))) countsOf(span.type).right++;', 'countsOf(span.type).right++;'],
        [
          "const place = i === start ? (last ? 'S' : 'B') : last ? 'E' : 'I';",
          "const place = i === start ? 'B' : last ? 'E' : 'I';",
        ],
      ],
    ),
    ...faultsIn(
      `${metric}/forecast.ts`,
      [`${metric}/forecast.test.ts`],
      [
        ['(2 * Math.abs(y - x)) / size', 'Math.abs(y - x) / size'],
        ['naive / (history.length - season)', 'naive / history.length'],
        ['(quantile - 1) * over', 'quantile * -over'],
        ['lower[t] <= actual[t] && actual[t] <= upper[t]', 'lower[t] < actual[t] && actual[t] < upper[t]'],
      ],
    ),
  ],
};
