/** What the values of a column are like. */
export interface ColumnStatistics {
  /**
   * `category`: few values that repeat; `constant`: one value; `prose`: texts of several words; `words`: single words;
   * `id`: a different key in every row; `number`, `date`, `empty`.
   */
  readonly kind: 'category' | 'constant' | 'prose' | 'words' | 'id' | 'number' | 'date' | 'empty';
  /** Different values. */
  readonly distinct: number;
  /** Mean number of words. */
  readonly words: number;
  readonly numeric: boolean;
  /** Up to three of the values. */
  readonly examples: readonly string[];
  /** The share of rows whose value is in a set. */
  shareIn(values: ReadonlySet<string>): number;
}

export const wordsIn = (text: string): number => text.trim().match(/\S+/g)?.length ?? 0;

const isNumber = (value: string): boolean => Number.isFinite(Number(value));
const isDate = (value: string): boolean =>
  value.length <= 40 && /\d{1,2}:\d{2}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}/.test(value);
const isKey = (value: string): boolean => /^[A-Za-z]{0,8}[-_]?\d+$|^[0-9a-f-]{8,}$/i.test(value);

/** @param cells  the values of one column */
export function columnStatistics(cells: readonly string[]): ColumnStatistics {
  const values = cells.map((cell) => cell.trim()).filter((value) => value !== '');
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const words = values.reduce((total, value) => total + wordsIn(value), 0) / Math.max(1, values.length);
  const most = (fits: (value: string) => boolean): boolean =>
    values.length > 0 && values.filter(fits).length >= 0.95 * values.length;
  const numeric = most(isNumber);
  const kind = ((): ColumnStatistics['kind'] => {
    const distinct = counts.size;
    if (values.length <= cells.length / 10) return 'empty';
    if (distinct === 1 && cells.length > 1) return 'constant';
    if (distinct === values.length && values.length > 2 && most(isKey)) return 'id';
    if (most(isDate)) return 'date';
    const repeats = values.length < 20 ? distinct < values.length : 2 * distinct <= values.length;
    if (repeats && words <= 4) return 'category';
    if (numeric) return 'number';
    return words >= 2 ? 'prose' : 'words';
  })();
  return {
    ...{ kind, distinct: counts.size, words, numeric },
    examples: [...counts.keys()].slice(0, 3),
    shareIn: (set) => values.filter((value) => set.has(value)).length / Math.max(1, values.length),
  };
}
