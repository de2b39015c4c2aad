import { type Kind, type Kinds, nearest, shown, text as textKind } from './checks.ts';
import { DataError, FormatError } from './errors.ts';

/**
 * Reads a value of unknown origin, such as JSON from a file: returns it with its type, or throws.
 * @param place  where it stands, for the error: 'model.config.hidden'
 * @throws FormatError
 */
export type Schema<Value> = (value: unknown, place: string) => Value;

/** The error for a value that is not what its schema wants. */
export function mismatch(place: string, must: string, value: unknown): FormatError {
  const reason = `${place} must be ${must}, received ${shown(value)}`;
  return new FormatError(`${reason}; the file is damaged or was altered`, { place, reason });
}

/** A single value of this kind. */
export const scalar =
  <Value>(kind: Kind): Schema<Value> =>
  (value, place) => {
    if (kind.fits(value)) return value as Value;
    throw mismatch(place, kind.must, value);
  };

export const text: Schema<string> = scalar(textKind);

/** It may be left out. */
export const optional =
  <Value>(schema: Schema<Value>): Schema<Value | undefined> =>
  (value, place) =>
    value === undefined ? undefined : schema(value, place);

export const nullable =
  <Value>(schema: Schema<Value>): Schema<Value | null> =>
  (value, place) =>
    value === null ? null : schema(value, place);

/** @param least  items there must be. Default 0 */
export const listOf =
  <Item>(item: Schema<Item>, least = 0): Schema<readonly Item[]> =>
  (value, place) => {
    if (!Array.isArray(value) || value.length < least) {
      throw mismatch(place, least > 0 ? `a list with at least ${least} items` : 'a list', value);
    }
    return Array.from(value, (one, index) => item(one, `${place}[${index}]`));
  };

/** A list whose items are all different. */
export const listOfDifferent =
  (item: Schema<string>, least = 0): Schema<readonly string[]> =>
  (value, place) => {
    const items = listOf(item, least)(value, place);
    const seen = new Set<string>();
    for (const [index, one] of items.entries()) {
      if (seen.has(one)) throw mismatch(`${place}[${index}]`, 'different from the items before it', one);
      seen.add(one);
    }
    return items;
  };

/** A schema for each field; one that is missing does not compile. */
export type Fields<Value> = { readonly [Name in keyof Value]-?: Schema<Value[Name]> };

/**
 * An object with exactly these fields. Fields that are undefined are left out of the result.
 * @param renamed  names that fields had in earlier versions, with what they are called now
 */
export const objectOf =
  <Value extends object>(fields: Fields<Value>, renamed: Readonly<Record<string, string>> = {}): Schema<Value> =>
  (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch(place, 'an object', value);
    const given: Record<string, unknown> = {};
    for (const [name, one] of Object.entries(value)) {
      const current = Object.hasOwn(renamed, name) ? renamed[name] : name;
      if (!Object.hasOwn(fields, current)) throw unknownField(place, name, Object.keys(fields));
      given[current] = one;
    }
    const result: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries<Schema<unknown>>(fields)) {
      const read = schema(Object.hasOwn(given, name) ? given[name] : undefined, `${place}.${name}`);
      if (read !== undefined) result[name] = read;
    }
    return result as Value;
  };

/**
 * Options of these kinds, as `requireOptions` takes them.
 * @param renamed  as for `objectOf`
 */
export function optionsOf<Options extends object>(
  kinds: Kinds<Options>,
  renamed?: Readonly<Record<string, string>>,
): Schema<Options> {
  const fields = Object.entries<Kind>(kinds).map(([name, kind]) => {
    const schema = scalar(kind);
    return [name, kind.optional === false ? schema : optional(schema)];
  });
  return objectOf(Object.fromEntries(fields) as Fields<Options>, renamed);
}

function unknownField(place: string, name: string, known: readonly string[]): FormatError {
  const near = nearest(name, known);
  const reason = `${place} has an unknown field ${shown(name)}${near ? ` (did you mean '${near}'?)` : ''}`;
  return new FormatError(`${reason}; the file is of a newer version, or was altered`, { place, reason, field: name });
}

/**
 * Reads a value that is of no file, such as part of a request.
 * @throws DataError with the reason alone
 */
export function parseWith<Value>(schema: Schema<Value>, value: unknown, place: string): Value {
  try {
    return schema(value, place);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { reason, ...details } = error.details;
    throw new DataError(String(reason ?? error.message), details, { cause: error });
  }
}
