import { ConfigError } from './errors.ts';

/** What a value must be: in words, for the error, and as a test. */
export interface Kind {
  /** Completes "… must be", such as 'a whole number from 1'. */
  readonly must: string;
  fits(value: unknown): boolean;
  /** Whether it may be left out. Default true. */
  readonly optional?: boolean;
  /** The values there are, where they can be listed: the nearest one is suggested. */
  readonly names?: readonly string[];
}

export interface Range {
  readonly from?: number;
  readonly above?: number;
  readonly to?: number;
  readonly below?: number;
}

/** A kind for each option; a missing one does not compile. */
export type Kinds<Options> = { readonly [Name in keyof Options]-?: Kind };

const inRange = (value: unknown, { from, above, to, below }: Range): value is number =>
  typeof value === 'number' &&
  !Number.isNaN(value) &&
  !(value < (from ?? value) || value <= (above ?? Number.NEGATIVE_INFINITY)) &&
  !(value > (to ?? value) || value >= (below ?? Number.POSITIVE_INFINITY));

function rangeText({ from, above, to, below }: Range): string {
  const lower = from !== undefined ? ` from ${from}` : above !== undefined ? ` above ${above}` : '';
  if (to !== undefined) return above !== undefined ? `${lower}, at most ${to}` : `${lower || ' up'} to ${to}`;
  return below === undefined ? lower : `${lower}${lower ? ',' : ''} below ${below}`;
}

/** A whole number, by default from 0. */
export const whole = (range: Range = { from: 0 }): Kind => ({
  must: `a whole number${rangeText(range)}`,
  fits: (value) => Number.isSafeInteger(value) && inRange(value, range),
});

/** The number of something there must be at least one of: units, layers, rows. */
export const count = whole({ from: 1 });

/** A finite number. */
export const number = (range: Range = {}): Kind => ({
  must: `a finite number${rangeText(range)}`,
  fits: (value) => Number.isFinite(value) && inRange(value, range),
});

/** A probability that is not 1, such as a dropout rate. */
export const rate: Kind = { must: 'a number in [0, 1)', fits: (value) => inRange(value, { from: 0, below: 1 }) };

/** A share of which neither side is empty, such as the level of an interval. */
export const openShare: Kind = { must: 'between 0 and 1', fits: (value) => inRange(value, { above: 0, below: 1 }) };

/** A limit that may be absent: a number from 0, or Infinity. */
export const limit: Kind = { must: 'a number from 0', fits: (value) => inRange(value, { from: 0 }) };

export const seed: Kind = { must: 'a whole number', fits: (value) => Number.isSafeInteger(value) };

export const flag: Kind = { must: 'true or false', fits: (value) => typeof value === 'boolean' };

export const text: Kind = { must: 'text', fits: (value) => typeof value === 'string' };

export const callback: Kind = { must: 'a function', fits: (value) => typeof value === 'function' };

export const oneOf = (names: readonly string[]): Kind => ({
  must: names
    .map((name) => `'${name}'`)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1'),
  fits: (value) => names.includes(value as string),
  names,
});

/** A list of at least one item of a kind. */
export const listOfKind = (item: Kind): Kind => ({
  must: `a list, each ${item.must}`,
  fits: (value) => Array.isArray(value) && value.length > 0 && value.every((one) => item.fits(one)),
});

/** Checked elsewhere. */
export const anything: Kind = { must: 'anything', fits: () => true };

/** The same kind, which must not be left out. */
export const required = (kind: Kind): Kind => ({ ...kind, optional: false });

/** @throws ConfigError unless `value` is of this kind; `operation` and `name` stand in its message and details */
export function requireKind(operation: string, name: string, value: unknown, kind: Kind): void {
  if (kind.fits(value)) return;
  const near = kind.names && nearest(String(value), kind.names);
  throw new ConfigError(
    `${operation}: ${name} must be ${kind.must}, received ${shown(value)}${near ? `; did you mean '${near}'?` : ''}`,
    { operation, option: name, [name]: value },
  );
}

/**
 * Checks the options of a factory: every name is known, every value of its kind, and none that is required missing.
 * @throws ConfigError with the nearest name for an unknown one
 */
export function requireOptions<Options extends object>(
  operation: string,
  options: Options,
  kinds: Kinds<Options>,
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigError(`${operation}: takes an object of options, received ${shown(options)}`, { operation });
  }
  const known = kinds as Readonly<Record<string, Kind>>;
  for (const name of Object.keys(options)) requireKnown(operation, name, Object.keys(known));
  for (const [name, kind] of Object.entries(known)) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined && kind.optional !== false) continue;
    requireKind(operation, name, value, kind);
  }
}

/** @throws ConfigError, with the nearest name, unless `name` is one of those known */
export function requireKnown(operation: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  throw new ConfigError(
    `${operation}: unknown option ${shown(name)}; ` +
      (near ? `did you mean '${near}'? The ` : 'the ') +
      (known.length > 0 ? `options are ${known.join(', ')}` : 'operation has none'),
    { operation, option: name, known },
  );
}

/** The name that a mistyped one most likely stands for; null where none is near. */
export function nearest(name: string, names: readonly string[]): string | null {
  const plain = (text: string): string =>
    text
      .slice(0, 50)
      .toLowerCase()
      .replace(/[-_\s]/g, '');
  const most = Math.max(1, Math.floor(plain(name).length / 3));
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const candidate of names) {
    const distance = editDistance(plain(name), plain(candidate));
    if (distance <= most && distance < (best?.distance ?? Infinity)) best = { name: candidate, distance };
  }
  return best?.name ?? null;
}

/** Insertions, deletions, replacements and swaps of neighbours that make one text of the other. */
function editDistance(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i + j));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = table[i - 1][j - 1] + Number(a[i - 1] !== b[j - 1]);
      table[i][j] = Math.min(table[i - 1][j] + 1, table[i][j - 1] + 1, replaced);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) table[i][j] = Math.min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.length][b.length];
}

/** A value as an error quotes it: never long, whatever was given. */
export function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return shownPlain(value);
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const { length = 0 } = value as ArrayLike<unknown>;
    const items = Array.prototype.slice.call(value, 0, 8).map(shownPlain);
    return `[${items.join(', ')}${length > 8 ? `, … ${length} in all` : ''}]`;
  }
  const { shape } = value as { shape?: unknown };
  if (Array.isArray(shape)) return `a tensor ${shown(shape)}`;
  return cut(`{ ${Object.keys(value).slice(0, 8).join(', ')} }`);
}

function shownPlain(value: unknown): string {
  if (typeof value === 'string') return `'${cut(value)}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return '[…]';
  return typeof value === 'object' && value !== null ? '{ … }' : cut(String(value));
}

function cut(text: string, most = 60): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
