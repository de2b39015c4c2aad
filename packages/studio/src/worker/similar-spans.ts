import { ConfigError } from 'unrolled';
import { type Unit, unitActivations, unitName } from 'unrolled/inspect';
import { readTokens } from 'unrolled/tasks/language-model';
import { breathe } from 'unrolled/train';
import type { SimilarSpan, SimilarSpans, SimilarSpansInput } from '../protocol.ts';
import type { SearchedText } from './units.ts';

/** Tokens read between two breaths, and characters shown on either side of a match. */
const [chunk, context] = [4096, 28];

/** A unit that is active over a selection, above 0 or below. */
interface ActiveUnit {
  readonly unit: Unit;
  readonly sign: 1 | -1;
  /** Its smallest distance from 0 within the selection, and its value at the end of it. */
  readonly least: number;
  readonly last: number;
}

/**
 * Other spans of a text with a state like that of a selected one, as LSTMVis finds them (Strobelt 2018): the units whose
 * output h is beyond a threshold at every token of the selection, and the spans of the same length in which the most of
 * them are beyond it again, a token on average; of equal ones, those first that end in the nearest state. Spans do not overlap.
 * @throws ConfigError if the selection is not a span of the text, or no unit is beyond the threshold all along it; the
 *   signal's reason if it is aborted
 */
export async function similarSpans(
  searched: SearchedText,
  input: SimilarSpansInput,
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: (share: number) => void },
): Promise<SimilarSpans> {
  const { model, tokens, searchedFrom } = searched;
  const { from, to, threshold, onlyThere, most } = input;
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= tokens.length)) {
    throw new ConfigError(`similar spans: tokens ${from} to ${to} are no span of a text of ${tokens.length}`);
  }
  if (!(threshold >= 0)) throw new ConfigError(`similar spans: the threshold must be 0 or more, received ${threshold}`);
  const active = await activeUnits(searched, input);
  if (active.length === 0) {
    const reason = onlyThere
      ? 'is active over the selection and not beside it'
      : 'stays active over the whole selection';
    throw new ConfigError(`similar spans: no unit ${reason} at ±${threshold}; lower the threshold or select less`);
  }
  const counts = new Uint16Array(tokens.length - searchedFrom);
  const distances = new Float32Array(counts.length);
  const reading = readTokens(model, tokens);
  const units = active.map(({ unit }) => unit);
  for (let start = searchedFrom; start < tokens.length; start += chunk) {
    await breathe(signal);
    const end = Math.min(tokens.length, start + chunk);
    for (const [i, values] of (await unitActivations(reading, units, { from: start, to: end })).entries()) {
      const { sign, last } = active[i];
      for (let t = 0; t < values.length; t++) {
        const place = start - searchedFrom + t;
        if (sign * values[t] >= threshold) counts[place]++;
        distances[place] += (values[t] - last) ** 2;
      }
    }
    tell((end - searchedFrom) / counts.length);
  }
  const spans = bestWindows(counts, distances, to - from, from - searchedFrom, most).map(({ at, score }) =>
    describe(searched, at + searchedFrom, to - from, score),
  );
  return {
    units: active.map(({ unit, sign }) => ({ name: unitName(unit), sign })),
    spans,
    searched: counts.length,
  };
}

/** Units on one side of 0 beyond the threshold all along the selection, strongest first. */
async function activeUnits({ model, tokens, units }: SearchedText, input: SimilarSpansInput): Promise<ActiveUnit[]> {
  const { from, to, threshold, onlyThere } = input;
  // Where there is a token before and after, a unit that is meant to be active only there is not active on it.
  const [left, right] = [Math.max(0, from - 1), Math.min(tokens.length, to + 1)];
  const outputs = units.filter(({ part }) => part === 'h');
  const candidates = outputs.length > 0 ? outputs : units;
  const columns = await unitActivations(readTokens(model, tokens), candidates, { from: left, to: right });
  return columns
    .flatMap((values, i): ActiveUnit[] => {
      const inside = values.subarray(from - left, to - left);
      const sign = inside[0] < 0 ? -1 : 1;
      const last = inside[inside.length - 1];
      const least = inside.reduce((low, value) => Math.min(low, sign * value), Infinity);
      if (least < threshold) return [];
      const beside = [...values.subarray(0, from - left), ...values.subarray(to - left)];
      if (onlyThere && beside.some((value) => sign * value >= threshold)) return [];
      return [{ unit: candidates[i], sign, least, last }];
    })
    .sort((a, b) => b.least - a.least);
}

/** Windows of a length with the highest mean count, best first, that overlap neither each other nor the one at `own`. */
function bestWindows(
  counts: Uint16Array,
  distances: Float32Array,
  length: number,
  own: number,
  most: number,
): { readonly at: number; readonly score: number }[] {
  const places = Math.max(0, counts.length - length + 1);
  const sums = new Float64Array(places);
  let sum = 0;
  for (let t = 0; t < counts.length; t++) {
    sum += counts[t] - (t >= length ? counts[t - length] : 0);
    if (t >= length - 1) sums[t - length + 1] = sum;
  }
  const taken: number[] = [own];
  const found: { at: number; score: number }[] = [];
  const end = length - 1;
  const order = Array.from(sums.keys()).sort((a, b) => sums[b] - sums[a] || distances[a + end] - distances[b + end]);
  for (const at of order) {
    if (found.length === most || sums[at] === 0) break;
    if (taken.some((other) => Math.abs(other - at) < length)) continue;
    taken.push(at);
    found.push({ at, score: sums[at] / length });
  }
  return found;
}

function describe({ model, tokens, pieces }: SearchedText, from: number, length: number, score: number): SimilarSpan {
  const textOf = (start: number, end: number): string => {
    const [first, last] = [Math.max(0, start), Math.min(tokens.length, end)];
    return pieces?.slice(first, last).join('') ?? model.tokenizer.decode(tokens.subarray(first, last));
  };
  const to = from + length;
  return {
    from,
    to,
    score,
    before: textOf(from - context, from),
    text: textOf(from, to),
    after: textOf(to, to + context),
  };
}
