import { type Place, runOf, type Store } from './compile.ts';
import type { Value } from './value.ts';

/** How many slots of rows an array has: one for each step, one more for what is before the first, or two in turns. */
export type Steps = 'T' | 'T+1' | 'turns';

export interface ArraySpec {
  readonly steps: Steps;
  readonly width: number;
}

/** Arrays by name, and which values have a place in them at every step. */
export class Shelf {
  readonly arrays = new Map<string, ArraySpec>();
  readonly places = new Map<Value, Place>();
  /** What must be written to have it all. */
  readonly stores: Store[] = [];

  array(name: string, steps: Steps, width: number): Place {
    this.arrays.set(name, { steps, width });
    return { array: name, shift: 0, column: 0 };
  }

  /** Says where a value is that is written anyway. */
  put(value: Value, place: Place): Place {
    this.places.set(value, place);
    return place;
  }

  /** A place for a value: its own array, unless it has a place already. */
  keep(value: Value, name: string): Place {
    const known = this.places.get(value);
    if (known !== undefined) return known;
    const place = this.array(`${name} ${value.id}`, 'T', value.width);
    this.stores.push([value, place]);
    let { column } = place;
    for (const part of value.kind === 'concat' ? value.parts : []) {
      if (!this.places.has(part)) this.put(part, { ...place, column });
      column += part.width;
    }
    return this.put(value, place);
  }

  /** Places for several: for one that is part of another, among its columns. */
  keepAll(values: Iterable<Value>, name: string): void {
    const wideFirst = [...new Set(values)].sort((a, b) => b.width - a.width || a.id - b.id);
    for (const value of wideFirst) {
      const run = value.kind === 'concat' ? runOf(value.parts, this.places) : undefined;
      if (run === undefined) this.keep(value, name);
      else this.put(value, run);
    }
  }
}
