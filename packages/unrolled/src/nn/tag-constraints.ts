import { DataError } from '../errors.ts';
import { type SpanLabel, splitLabel } from '../labels.ts';
import type { TagConstraints } from './crf.ts';

/**
 * Which labels may begin, end and follow each other, for a CRF. In `BIO` (IOB2) an I goes on with a span of its type,
 * so it comes after B or I of it; in `BIOES` a span of several tokens is B I … E, one of a single token S.
 * @throws DataError on a label that is not of the scheme
 */
export function tagConstraints(labels: readonly string[], scheme: 'BIO' | 'BIOES'): TagConstraints {
  const parts = labels.map(splitLabel);
  const odd = scheme === 'BIO' ? parts.findIndex(({ place }) => place === 'E' || place === 'S') : -1;
  if (odd >= 0)
    throw new DataError(`labels: '${labels[odd]}' is not of the scheme BIO; use BIOES`, { label: labels[odd] });
  const outside = splitLabel('O');
  const mayFollow = (before: SpanLabel, after: SpanLabel): boolean => {
    const goesOn = after.place === 'I' || after.place === 'E';
    const open = before.place === 'B' || before.place === 'I';
    const same = before.type === after.type;
    if (scheme === 'BIO') return !goesOn || (open && same);
    return open ? goesOn && same : !goesOn;
  };
  return {
    start: parts.map((part) => mayFollow(outside, part)),
    end: parts.map((part) => mayFollow(part, outside)),
    transitions: parts.map((before) => parts.map((after) => mayFollow(before, after))),
  };
}
