import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { type Span, spanLabels, spanScores, spansOf } from './spans.ts';

const read = (labels: string): string[] =>
  spansOf(labels.split(' ').filter((label) => label !== '')).map(({ type, start, end }) => `${type} ${start} ${end}`);

describe('spans', () => {
  test.each([
    ['nothing', '', []],
    ['IO: neighbours of one type are one', 'I-A I-A O I-A I-B', ['A 0 2', 'A 3 4', 'B 4 5']],
    ['IOB1: B only where spans of one type meet', 'I-A B-A I-A O I-B', ['A 0 1', 'A 1 3', 'B 4 5']],
    ['IOB2', 'B-A I-A B-A O B-B', ['A 0 2', 'A 2 3', 'B 4 5']],
    ['IOB2 broken: I after O and after another type begins', 'O I-A B-A I-B', ['A 1 2', 'A 2 3', 'B 3 4']],
    ['BIOES', 'S-A B-A I-A E-A S-B O B-B E-B', ['A 0 1', 'A 1 4', 'B 4 5', 'B 6 8']],
    ['BIOES broken', 'E-A E-A I-A S-A I-A', ['A 0 1', 'A 1 2', 'A 2 3', 'A 3 4', 'A 4 5']],
    ['BILOU', 'U-A B-A I-A L-A U-B', ['A 0 1', 'A 1 4', 'B 4 5']],
    ['BMES', 'S-A B-A M-A E-A W-B', ['A 0 1', 'A 1 4', 'B 4 5']],
    ['labels with an underscore', 'B_A I_A O', ['A 0 2']],
    ['labels without a type', 'B I O S', [' 0 2', ' 3 4']],
    ['types with a hyphen', 'B-A-1 I-A-1 I-A-2', ['A-1 0 2', 'A-2 2 3']],
  ])('%s', (_, labels, expected) => expect(read(labels)).toEqual(expected));

  test('round-trip through labels of every scheme', () => {
    const pieces = fc.array(fc.record({ type: fc.constantFrom('', 'A', 'B'), length: fc.integer({ min: 1, max: 3 }) }));
    fc.assert(
      fc.property(pieces, (parts) => {
        const spans: Span[] = [];
        const labels = { IOB1: [], IOB2: [], BIOES: [], BILOU: [], BMES: [] } as Record<string, string[]>;
        for (const { type, length } of parts) {
          const start = labels.IOB2.length;
          if (type !== '') spans.push({ type, start, end: start + length });
          for (let i = 0; i < length; i++) {
            const put = (scheme: string, place: string) => labels[scheme].push(type === '' ? 'O' : `${place}-${type}`);
            put('IOB1', i === 0 && labels.IOB1.at(-1)?.slice(2) === type ? 'B' : 'I');
            put('IOB2', i === 0 ? 'B' : 'I');
            for (const [scheme, letters] of [
              ['BIOES', 'SBIE'],
              ['BILOU', 'UBIL'],
              ['BMES', 'SBME'],
            ]) {
              put(scheme, letters[length === 1 ? 0 : i === 0 ? 1 : i === length - 1 ? 3 : 2]);
            }
          }
        }
        for (const scheme of Object.values(labels)) expect(spansOf(scheme)).toEqual(spans);
        expect(spanLabels(spans, labels.IOB2.length, 'BIO')).toEqual(labels.IOB2);
        expect(spanLabels(spans, labels.IOB2.length, 'BIOES')).toEqual(labels.BIOES);
      }),
    );
  });

  test.each(['X-PER', 'PER', 'O-PER', 'b-PER', 'B-', ''])("'%s' is refused", (label) => {
    expect(() => spansOf([label])).toThrow(DataError);
  });
});

describe('scores', () => {
  test('of a case by hand', () => {
    // True: PER 0–2, LOC 3–4, PER 5–6. Predicted: PER 0–2, ORG 3–4, PER 5–7. Right: the first. P = R = F1 = 1/3.
    // Tokens: of 7, wrong are 3 (B-ORG) and 6 (I-PER): 5/7.
    const actual = ['B-PER I-PER O B-LOC O B-PER O'.split(' ')];
    const predicted = ['B-PER I-PER O B-ORG O B-PER I-PER'.split(' ')];
    expect(spanScores(predicted, actual)).toEqual({
      precision: 1 / 3,
      recall: 1 / 3,
      f1: 1 / 3,
      support: 3,
      accuracy: 5 / 7,
      types: {
        LOC: { precision: 0, recall: 0, f1: 0, support: 1 },
        ORG: { precision: 0, recall: 0, f1: 0, support: 0 },
        PER: { precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, support: 2 },
      },
    });
  });

  test('of labels against themselves are 1, and sentences are separate', () => {
    const sentences = [['I-A'], ['I-A', 'I-A']];
    expect(spanScores(sentences, sentences)).toMatchObject({ precision: 1, recall: 1, f1: 1, support: 2, accuracy: 1 });
  });

  test('without any span are 0', () => {
    expect(spanScores([['O']], [['O']])).toMatchObject({ precision: 0, recall: 0, f1: 0, support: 0, accuracy: 1 });
  });

  test('need a label for each token', () => {
    expect(() => spanScores([['O']], [['O', 'O']])).toThrow('sentence 0 has 2 labels, its prediction 1');
  });
});
