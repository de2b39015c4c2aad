export interface NormPoint {
  readonly step: number;
  /** Before clipping. */
  readonly norm: number;
  /** The share of steps since the point before that were clipped. */
  readonly clipped: number;
}

/** Gradient norms over steps, in at most so many points: where there are more, each stands for the larger of two. */
export class NormCurve {
  points: readonly NormPoint[] = [];
  readonly #most: number;

  constructor(most = 400) {
    this.#most = most;
  }

  add(step: number, norm: number, clipped: number): void {
    const points = [...this.points, { step, norm, clipped }];
    if (points.length <= this.#most) {
      this.points = points;
      return;
    }
    this.points = points.flatMap((point, i) => {
      if (i % 2 === 0) return i === points.length - 1 ? [point] : [];
      const before = points[i - 1];
      const norm = Math.max(point.norm, before.norm);
      return [{ step: point.step, norm, clipped: (point.clipped + before.clipped) / 2 }];
    });
  }
}
