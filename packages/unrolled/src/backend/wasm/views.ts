import type { Shape } from '../../shape.ts';
import { startOf } from './jobs/job.ts';
import type { LinearMemory } from './linear-memory.ts';

/** Axes that several views share: extents, and each view's strides. */
export interface Walk {
  readonly extents: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/**
 * Merges axes: those of extent 1 are dropped, and adjacent axes are merged where every view's strides allow it. A bias added to [T, B, H] is then two axes, and arrays of one shape are one.
 */
export function mergeAxes(extents: Shape, strides: readonly (readonly number[])[]): Walk {
  const merged: number[] = [];
  const steps: number[][] = strides.map(() => []);
  for (let axis = 0; axis < extents.length; axis++) {
    const extent = extents[axis];
    if (extent === 1) continue;
    const last = merged.length - 1;
    if (last >= 0 && strides.every((of, view) => steps[view][last] === of[axis] * extent)) {
      merged[last] *= extent;
      for (let view = 0; view < steps.length; view++) steps[view][last] = strides[view][axis];
    } else {
      merged.push(extent);
      for (let view = 0; view < steps.length; view++) steps[view].push(strides[view][axis]);
    }
  }
  if (merged.length > 0) return { extents: merged, strides: steps };
  return { extents: [1], strides: steps.map(() => [1]) };
}

/**
 * Encodes views for the kernels: for each part, int32 [3, rank], the extents of its run of the outermost axis and
 * the first two views' strides. A single axis is split in runs of `grain`.
 */
export function describeParts({ extents, strides }: Walk, parts: number, grain: number, memory: LinearMemory) {
  const rank = extents.length;
  const views = memory.scratch('views', Math.max(1024, parts * 3 * rank * 4));
  const numbers = memory.ints(views, parts * 3 * rank);
  const runs = rank === 1 ? grain : 1;
  for (let part = 0; part < parts; part++) {
    const at = part * 3 * rank;
    numbers.set(extents, at);
    numbers[at] = startOf(extents[0], part + 1, parts, runs) - startOf(extents[0], part, parts, runs);
    numbers.set(strides[0], at + rank);
    numbers.set(strides[1], at + 2 * rank);
  }
  return { outer: extents[0], rank, views };
}
