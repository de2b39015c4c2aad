import { bleu, chrf, tokenize13a } from 'unrolled/metrics';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../closeness.ts';
import { loadTranslationMetrics } from './load.ts';

const golden = loadTranslationMetrics();
/** The signature says whose version it is. */
const ours = (signature: string): string => signature.replace(/version:.*/, 'version:unrolled-1');

describe.each(golden.corpora)('$name: scores are those of sacreBLEU', ({ hypotheses, references, ...expected }) => {
  test('BLEU', () => {
    const { score, precisions, brevityPenalty, signature, ...lengths } = bleu(hypotheses, references);
    expectClose('score', [score], [expected.bleu.score], 1e-10);
    expectClose('precisions', precisions, expected.bleu.precisions, 1e-10);
    expectClose('brevity penalty', [brevityPenalty], [expected.bleu.brevityPenalty], 1e-10);
    const { hypothesisLength, referenceLength } = expected.bleu;
    expect(lengths).toEqual({ hypothesisLength, referenceLength });
    expect(signature).toBe(ours(expected.bleu.signature));
  });

  test('chrF', () => {
    const { score, signature } = chrf(hypotheses, references);
    expectClose('score', [score], [expected.chrf.score], 1e-10);
    expect(signature).toBe(ours(expected.chrf.signature));
  });
});

test.each(golden.tokens)('13a tokens of $line', ({ line, tokens }) => {
  expect(tokenize13a(line).join(' ')).toBe(tokens);
});
