import { DataError } from '../errors.ts';
import { type SpanLabel, splitLabel } from '../labels.ts';
import type { TagConstraints } from './crf.ts';

/**
 * Constraints of a labelling scheme for a CRF. In `BIO` (IOB2) an I follows a B or I of its type; in `BIOES` a span of several
 * tokens is B I … E, one of a single token S.
 * @throws DataError on a label that is not of the scheme
 */
export function tagConstraints(labels: readonly string[], scheme: 'BIO' | 'BIOES'): TagConstraints {
  const parts = labels.map(splitLabel);
  const odd = scheme === 'BIO' ? parts.findIndex(({ place }) => place === 'E' || place === 'S') : -1;
  if (odd >= 0)
    throw new DataError(`labels: '${labels[odd]}' is not a BIO label; use the scheme BIOES`, { label: labels[odd] });
  const outside = splitLabel('O');
  const mayFollow = (before: SpanLabel, after: SpanLabel): boolean => {
    const continues = after.place === 'I' || after.place === 'E';
    const open = before.place === 'B' || before.place === 'I';
    const same = before.type === after.type;
    if (scheme === 'BIO') return !continues || (open && same);
    return open ? continues && same : !continues;
  };
  return {
    start: parts.map((part) => mayFollow(outside, part)),
    end: parts.map((part) => mayFollow(part, outside)),
    transitions: parts.map((before) => parts.map((after) => mayFollow(before, after))),
  };
}
