import { describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { spansOf } from '../metrics/spans.ts';
import { tagConstraints } from './tag-constraints.ts';

describe.each([
  ['BIO', ['O', 'B-X', 'I-X', 'B-Y', 'I-Y']],
  ['BIOES', ['O', 'B-X', 'I-X', 'E-X', 'S-X', 'B-Y', 'E-Y']],
] as const)('%s', (scheme, labels) => {
  const allowed = tagConstraints(labels, scheme);

  test('allows the labels that are written as their spans would be, and no others', () => {
    let all: number[][] = [[]];
    for (let t = 0; t < 4; t++) {
      all = all.flatMap((tags) => labels.map((_, k) => [...tags, k]));
      for (const tags of all) {
        const may =
          allowed.start[tags[0]] &&
          allowed.end[tags[t]] &&
          tags.every((tag, i) => i === 0 || allowed.transitions[tags[i - 1]][tag]);
        const own = tags.map((tag) => labels[tag] as string);
        const written = own.map(() => 'O');
        for (const { type, start, end } of spansOf(own)) {
          for (let i = start; i < end; i++) {
            const [first, last] = [i === start, i === end - 1];
            const place = scheme === 'BIO' ? (first ? 'B' : 'I') : first ? (last ? 'S' : 'B') : last ? 'E' : 'I';
            written[i] = `${place}-${type}`;
          }
        }
        expect(may, own.join(' ')).toBe(written.join() === own.join());
      }
    }
  });
});

test('labels of another scheme are refused', () => {
  expect(() => tagConstraints(['O', 'S-X'], 'BIO')).toThrow(DataError);
  expect(() => tagConstraints(['O', 'PER'], 'BIOES')).toThrow("'PER' is not a span label");
});
