import { type Place, runOf, type Store } from './compile.ts';
import type { Value } from './value.ts';

/** Slots of an array: one per step, one more for the initial value, or two used alternately. */
export type Steps = 'T' | 'T+1' | 'turns';

export interface ArraySpec {
  readonly steps: Steps;
  readonly width: number;
}

/** Arrays by name, and the places of values in them. */
export class Shelf {
  readonly arrays = new Map<string, ArraySpec>();
  readonly places = new Map<Value, Place>();
  /** The values to write. */
  readonly stores: Store[] = [];

  array(name: string, steps: Steps, width: number): Place {
    this.arrays.set(name, { steps, width });
    return { array: name, shift: 0, column: 0 };
  }

  /** Registers the place of a value that is written anyway. */
  put(value: Value, place: Place): Place {
    this.places.set(value, place);
    return place;
  }

  /** A place for a value: its existing one, or a new array. */
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

  /** Places for several values; parts of others are placed among their columns. */
  keepAll(values: Iterable<Value>, name: string): void {
    const wideFirst = [...new Set(values)].sort((a, b) => b.width - a.width || a.id - b.id);
    for (const value of wideFirst) {
      const run = value.kind === 'concat' ? runOf(value.parts, this.places) : undefined;
      if (run === undefined) this.keep(value, name);
      else this.put(value, run);
    }
  }
}
