import { type Kinds, number, whole } from '../../checks.ts';
import { temporalIou } from '../../metrics/segments.ts';

/** A part of a clip, in frames: the end is after its last frame. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A part in which something may happen, and how well it is expected to fit: from 0 to 1. */
export interface Proposal extends Span {
  readonly score: number;
}

/** Which of the scored windows are proposed. */
export interface ProposalOptions {
  /** The lowest score. Default 0.3. */
  readonly threshold?: number | undefined;
  /** Of two proposals whose intersection over union is above this, the one with the lower score is left out. Default 0.5. */
  readonly overlap?: number | undefined;
  /** The most proposals of a clip. Default 20. */
  readonly mostEvents?: number | undefined;
}

export const proposalKinds: Kinds<ProposalOptions> = {
  threshold: number({ from: 0, to: 1 }),
  overlap: number({ from: 0, to: 1 }),
  mostEvents: whole({ from: 1, to: 10_000 }),
};

/** Windows whose intersection over union with every event is below this are to have the score 0. */
const near = 0.5;

/**
 * Lengths of windows for events of these lengths: evenly spaced quantiles, each once, in rising order.
 * @param most  how many at most. Default 16
 */
export function windowLengths(lengths: readonly number[], most = 16): number[] {
  const sorted = [...lengths].sort((a, b) => a - b);
  const different = [...new Set(sorted)];
  if (different.length <= most) return different;
  const at = (i: number): number => sorted[Math.round((i * (sorted.length - 1)) / (most - 1))];
  return [...new Set(Array.from({ length: most }, (_, i) => at(i)))];
}

/** The part that window k covers when it ends with frame t; null if it begins before the clip. */
export const spanOf = (t: number, window: number): Span | null =>
  t + 1 < window ? null : { start: t + 1 - window, end: t + 1 };

/**
 * What the scores of a clip's windows are to be, `[T][K]`: the greatest intersection over union with an event where it is at least
 * ½, else 0; −1 for windows that begin before the clip.
 */
export function proposalTargets(frames: number, events: readonly Span[], windows: readonly number[]): number[][] {
  return Array.from({ length: frames }, (_, t) =>
    windows.map((window) => {
      const span = spanOf(t, window);
      if (span === null) return -1;
      const iou = events.reduce((most, event) => Math.max(most, temporalIou(span, event)), 0);
      return iou >= near ? iou : 0;
    }),
  );
}

/** Proposals from the scores of windows, `[T][K]`: the best first, none of which overlaps a better one much (non-maximum suppression). */
export function proposalsIn(
  scores: readonly ArrayLike<number>[],
  windows: readonly number[],
  { threshold = 0.3, overlap = 0.5, mostEvents = 20 }: ProposalOptions = {},
): Proposal[] {
  const all: Proposal[] = [];
  for (const [t, row] of scores.entries()) {
    for (const [k, window] of windows.entries()) {
      const span = spanOf(t, window);
      if (span && row[k] >= threshold) all.push({ ...span, score: row[k] });
    }
  }
  all.sort((a, b) => b.score - a.score || a.start - b.start || a.end - b.end);
  const kept: Proposal[] = [];
  for (const one of all) {
    if (kept.length === mostEvents) break;
    if (kept.every((better) => temporalIou(one, better) <= overlap)) kept.push(one);
  }
  return kept;
}
