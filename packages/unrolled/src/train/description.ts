import { count, flag, rate } from '../checks.ts';
import type { CellSource } from '../nn/cells/registry.ts';
import { mismatch, type Schema, scalar } from '../schema.ts';

/** Fields that descriptions of several tasks have. */
export const size = scalar<number>(count);
export const dropoutRate = scalar<number>(rate);
export const trueOrFalse = scalar<boolean>(flag);

/** A cell by its name or configuration, whose options are checked when it is made; or one of the caller's own. */
export const cellSource: Schema<CellSource> = (value, place) => {
  const { cell, create } = (value ?? {}) as { readonly cell?: unknown; readonly create?: unknown };
  if (typeof value === 'string' || typeof cell === 'string' || typeof create === 'function') return value as CellSource;
  throw mismatch(place, 'the name of a cell, or an object with it', value);
};

/** The name of the task itself. */
export const taskName =
  <Name extends string>(name: Name): Schema<Name> =>
  (value, place) => {
    if (value === name) return name;
    throw mismatch(place, `'${name}'`, value);
  };
