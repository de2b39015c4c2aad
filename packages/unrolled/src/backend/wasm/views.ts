import type { Shape } from '../../shape.ts';

/** Axes of an array that several views walk together: extents, and each view's strides. */
export interface Walk {
  readonly extents: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/**
 * The same walk with as few axes as possible: axes of one element go, and neighbours become one axis where every view
 * steps through both as through one. A bias added to [T, B, H] is then two axes, and arrays of one shape are one.
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
