import { DataError } from './errors.ts';

/** A label of a tagging scheme taken apart: `B-PER` is place B of a span of type PER. */
export interface SpanLabel {
  /** B begins a span, I goes on with one (or begins it), E ends it, S is one alone, O is outside. */
  readonly place: 'B' | 'I' | 'O' | 'E' | 'S';
  /** Empty where the label names none. */
  readonly type: string;
}

/** @throws DataError on a label that is neither O, nor B, I, E or S with a type or without */
export function splitLabel(label: string): SpanLabel {
  const [, place, type = ''] = /^(O|[BIES](?=-|$))(?:-(.+))?$/.exec(label) ?? [];
  if (place === undefined || (place === 'O' && type !== '')) {
    throw new DataError(`labels: '${label}' is of no tagging scheme; use O and B-, I-, E-, S- with a type`, { label });
  }
  return { place: place as SpanLabel['place'], type };
}
