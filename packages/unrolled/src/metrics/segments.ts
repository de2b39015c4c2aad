import { count, requireKind } from '../checks.ts';
import { DataError } from '../errors.ts';

/** A part of a sequence with a label, such as an action in a video. */
export interface Segment {
  readonly label: string;
  readonly start: number;
  /** After its last frame. */
  readonly end: number;
}

/** A segment that was predicted, and how sure it is. */
export interface ScoredSegment extends Segment {
  readonly score: number;
}

/** Runs of equal labels, without those of the background. */
export function segmentsIn(labels: readonly string[], background: string | null = null): Segment[] {
  const found: Segment[] = [];
  for (let start = 0, t = 1; t <= labels.length; t++) {
    if (t < labels.length && labels[t] === labels[start]) continue;
    if (labels[start] !== background) found.push({ label: labels[start], start, end: t });
    start = t;
  }
  return found;
}

/** Intersection over union of two segments in time: 1 for the same, 0 for segments apart. */
export function temporalIou(a: Omit<Segment, 'label'>, b: Omit<Segment, 'label'>): number {
  const shared = Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
  const union = a.end - a.start + (b.end - b.start) - shared;
  return union > 0 ? shared / union : 0;
}

/**
 * Means over a window of n steps around each, of numbers `[T][K]`: what smooths the probabilities of frames. At both ends the
 * window is as wide as there are steps.
 * @throws ConfigError unless n is a whole number from 1
 */
export function movingMean(rows: readonly ArrayLike<number>[], n: number): Float64Array[] {
  requireKind('movingMean', 'n', n, count);
  const [before, after] = [Math.floor((n - 1) / 2), Math.floor(n / 2)];
  return rows.map((row, t) => {
    const sum = new Float64Array(row.length);
    const [from, to] = [Math.max(0, t - before), Math.min(rows.length - 1, t + after)];
    for (let s = from; s <= to; s++) for (let k = 0; k < sum.length; k++) sum[k] += rows[s][k];
    return sum.map((value) => value / (to - from + 1));
  });
}

/** Average precision of one label at one threshold. */
function averagePrecision(
  predicted: readonly (ScoredSegment & { readonly video: number })[],
  actual: readonly (Segment & { readonly video: number })[],
  threshold: number,
): number {
  const ranked = [...predicted].sort((a, b) => b.score - a.score);
  const taken = new Set<Segment>();
  const points: { readonly precision: number; readonly recall: number }[] = [];
  let right = 0;
  for (const [i, one] of ranked.entries()) {
    let best: Segment | null = null;
    let overlap = threshold;
    for (const truth of actual) {
      if (truth.video !== one.video || taken.has(truth)) continue;
      const iou = temporalIou(one, truth);
      if (iou < overlap || (best && iou === overlap)) continue;
      [best, overlap] = [truth, iou];
    }
    if (best) {
      taken.add(best);
      right++;
    }
    points.push({ precision: right / (i + 1), recall: right / actual.length });
  }
  // The area under the highest precision at each recall or a higher one.
  let [area, recall, highest] = [0, right / actual.length, 0];
  for (const point of points.reverse()) {
    area += (recall - point.recall) * highest;
    recall = point.recall;
    highest = Math.max(highest, point.precision);
  }
  return area + recall * highest;
}

/**
 * Pairs of predicted and true segments of a video: the best predictions first, each with the segment it overlaps most of those that
 * are left, where intersection over union reaches the threshold. Labels do not matter.
 */
export function matchSegments<One extends ScoredSegment, Other extends Segment>(
  predicted: readonly One[],
  actual: readonly Other[],
  threshold: number,
): [One, Other][] {
  const left = new Set(actual);
  const pairs: [One, Other][] = [];
  for (const one of [...predicted].sort((first, second) => second.score - first.score)) {
    let best: Other | null = null;
    for (const other of left) {
      const iou = temporalIou(one, other);
      if (iou >= threshold && (best === null || iou > temporalIou(one, best))) best = other;
    }
    if (best === null) continue;
    left.delete(best);
    pairs.push([one, best]);
  }
  return pairs;
}

export interface SegmentScores {
  /** Mean average precision over the labels at each threshold of intersection over union. */
  readonly map: readonly { readonly iou: number; readonly map: number }[];
  /** Mean of these. */
  readonly mean: number;
}

/**
 * Mean average precision of segments (as in ActivityNet): predictions of all videos are ranked by their scores; one is right if
 * its intersection over union with a segment of its label, which no earlier one took, reaches the threshold. The mean is over
 * the labels that `actual` has.
 * @param predicted  segments of each video
 * @param actual  the true segments of each video
 * @param thresholds  default 0.1, 0.3, 0.5, 0.7
 * @throws DataError if they are not as many videos, or there is no true segment
 */
export function segmentScores(
  predicted: readonly (readonly ScoredSegment[])[],
  actual: readonly (readonly Segment[])[],
  thresholds: readonly number[] = [0.1, 0.3, 0.5, 0.7],
): SegmentScores {
  if (predicted.length !== actual.length) {
    throw new DataError(
      `segments: predictions of ${predicted.length} videos, the truth of ${actual.length}; give one for each`,
    );
  }
  const own = predicted.flatMap((list, video) => list.map((one) => ({ ...one, video })));
  const truth = actual.flatMap((list, video) => list.map((one) => ({ ...one, video })));
  if (truth.length === 0) throw new DataError('segments: there is no true segment to compare with');
  const labels = [...new Set(truth.map(({ label }) => label))];
  const map = thresholds.map((iou) => {
    const of = (label: string): number =>
      averagePrecision(
        own.filter((one) => one.label === label),
        truth.filter((one) => one.label === label),
        iou,
      );
    return { iou, map: labels.reduce((sum, label) => sum + of(label), 0) / labels.length };
  });
  return { map, mean: map.reduce((sum, one) => sum + one.map, 0) / map.length };
}
