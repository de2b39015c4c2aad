import { count, type Kind, type Kinds, rate, required } from '../checks.ts';
import type { CellSource } from '../nn/cells/registry.ts';
import { mismatch, type Schema } from '../schema.ts';

/** A cell by its name or configuration, whose options are checked when it is made; or one of the caller's own. */
const cellSource: Kind = {
  must: 'the name of a cell, or an object with it',
  fits(value) {
    const { cell, create } = (value ?? {}) as { readonly cell?: unknown; readonly create?: unknown };
    return typeof value === 'string' || typeof cell === 'string' || typeof create === 'function';
  },
};

/** The options that all models of stacked recurrent layers have. */
export const stackKinds = {
  cell: required(cellSource),
  hidden: required(count),
  layers: required(count),
  dropout: required(rate),
} satisfies Kinds<{ cell: CellSource; hidden: number; layers: number; dropout: number }>;

/** The name of the task itself. */
export const taskName =
  <Name extends string>(name: Name): Schema<Name> =>
  (value, place) => {
    if (value === name) return name;
    throw mismatch(place, `'${name}'`, value);
  };
