import { DataError } from '../../errors.ts';
import { type ColumnStatistics, columnStatistics, wordsIn } from './columns.ts';

/** A row of a table, and the line it stands in. */
export interface TableRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A column, by its name in the header or its number from 1. */
export type Column = string | number;

/** Which columns hold labels and texts. */
export interface Columns {
  readonly label: Column;
  /** Several texts are joined by a space, such as a title and a body. */
  readonly text: readonly Column[];
}

export interface LayoutOptions {
  /** The column of the labels. Default: found by its name in the header, or by its values. */
  readonly labelColumn?: Column | undefined;
  /** The column of the texts, or several that are joined. Default: found by names or values. */
  readonly textColumn?: Column | readonly Column[] | undefined;
  /** Whether the first line names the columns. Default: found by what it holds. */
  readonly header?: boolean | undefined;
  /** The labels of a model that the texts are for: the column that has them is the one. */
  readonly labels?: readonly string[] | undefined;
  /** The columns of the training data, used where the table has them. */
  readonly usual?: Columns | undefined;
  /** The file, for errors. */
  readonly name?: string | undefined;
}

/** Where a table has its labels and texts. */
export interface TableLayout {
  readonly header: boolean;
  /** Places of the columns, from 0. */
  readonly label: number;
  readonly texts: readonly number[];
  /** The same by name where there is a header, else by number. */
  readonly columns: Columns;
  /** In a sentence, for people: `label in column 1, text in column 2, no header`. */
  readonly about: string;
}

const labelNames = [
  ...['label', 'labels', 'class', 'category', 'sentiment', 'target', 'language', 'lang', 'intent', 'topic', 'tag'],
  ...['polarity', 'rating', 'stars', 'emotion'],
];
const bodyNames = [
  ...[
    'text',
    'sentence',
    'review',
    'phrase',
    'content',
    'utterance',
    'document',
    'message',
    'body',
    'comment',
    'tweet',
  ],
  ...['sms', 'question', 'query', 'description'],
];
/** Joined with the body where there is one. */
const titleNames = ['title', 'headline', 'subject', 'summary'];
/** Texts only where there is nothing else. */
const wordNames = ['name', 'word'];

const plain = (cell: string): string => cell.trim().toLowerCase();

/** The columns among these names that hold labels. */
export const labelNamesIn = (names: readonly string[]): number[] => placesOf(names, labelNames);

/** The columns among these names that hold texts: all of a title and a body. */
export function textNamesIn(names: readonly string[]): number[] {
  const bodies = placesOf(names, bodyNames);
  const titles = placesOf(names, titleNames);
  if (bodies.length > 0) return [...bodies, ...titles].sort((a, b) => a - b);
  return titles.length > 0 ? titles : placesOf(names, wordNames);
}

const placesOf = (names: readonly string[], wanted: readonly string[]): number[] =>
  names.flatMap((name, place) => (wanted.includes(plain(name)) ? [place] : []));

/** Rows sampled to recognise a column. */
const enough = 5000;

/**
 * Finds the header, the label and the texts of a table: by the options, by the names in the first line, or by the values of
 * the columns. Ids, numbers, dates and constants are no texts.
 *
 * @throws DataError naming the options to choose with, where the table can be read in two ways
 */
export function tableLayout(rows: readonly TableRow[], options: LayoutOptions = {}): TableLayout {
  const { name = 'table', labels } = options;
  const first = rows[0].cells;
  const width = first.length;
  const whole = rows.slice(0, enough).filter(({ cells }) => cells.length >= width);
  const body = whole.length > 2 ? whole.slice(1) : whole;
  const statistics = first.map((_, place) => columnStatistics(body.map(({ cells }) => cells[place])));
  const given = givenColumns(first, options, name);
  // What the first line names, unless it is an example.
  const names = options.header === false ? first.map(() => '') : first;
  const named = { label: labelNamesIn(names), texts: textNamesIn(names) };
  const headerNamed = given.byName || (named.label.length > 0 && named.texts.length > 0);

  const label =
    given.label ??
    (headerNamed ? pick(named.label, given.texts) : undefined) ??
    findLabel(names, statistics, given.texts, options);
  const texts =
    given.texts ??
    (headerNamed && named.texts.some((place) => place !== label)
      ? named.texts.filter((place) => place !== label)
      : findTexts(names, statistics, label, name));
  if (texts.includes(label)) {
    throw new DataError(`${name}: column ${label + 1} is chosen for labels and texts; choose two`, {
      column: label + 1,
    });
  }
  const header = options.header ?? (headerNamed || hasHeader(rows, label, texts, statistics, { name, labels }));
  return { header, label, texts, ...described(first, header, label, texts) };
}

/** The only one that is not a text; undefined if there are several. */
function pick(places: readonly number[], texts: readonly number[] | undefined): number | undefined {
  const others = places.filter((place) => !texts?.includes(place));
  return others.length === 1 ? others[0] : undefined;
}

interface GivenColumns {
  readonly label?: number | undefined;
  readonly texts?: readonly number[] | undefined;
  /** Whether one was given by its name, so that the first line must be a header. */
  readonly byName: boolean;
}

function givenColumns(first: readonly string[], options: LayoutOptions, name: string): GivenColumns {
  const { labelColumn, textColumn, usual, header } = options;
  const names = first.map(plain);
  const place = (column: Column): number => (typeof column === 'number' ? column - 1 : names.indexOf(plain(column)));
  const require = (column: Column): number => {
    const found = place(column);
    if (found >= 0 && found < first.length && (header !== false || typeof column === 'number')) return found;
    const there =
      typeof column === 'number' ? `it has ${first.length}` : `the first line has ${shorten(first.join(', '))}`;
    throw new DataError(`${name}: no column '${column}'; ${there}`, { column });
  };
  const texts = textColumn === undefined ? undefined : [textColumn].flat();
  const isName = (column: Column | undefined): boolean => typeof column === 'string';
  const explicit: GivenColumns = {
    label: labelColumn === undefined ? undefined : require(labelColumn),
    texts: texts?.map(require),
    byName: isName(labelColumn) || (texts?.some(isName) ?? false),
  };
  if (!usual || labelColumn !== undefined || textColumn !== undefined) return explicit;
  const all = [usual.label, ...usual.text];
  const byName = all.every(isName);
  // Numbers say nothing of a table that names other columns, or has fewer.
  const fits = all.every((column) => place(column) >= 0 && place(column) < first.length);
  const named = labelNamesIn(first).length > 0 && textNamesIn(first).length > 0;
  if (!fits || (!byName && named)) return explicit;
  return { label: place(usual.label), texts: usual.text.map(place), byName };
}

/** The column of the labels, by its values. */
function findLabel(
  names: readonly string[],
  statistics: readonly ColumnStatistics[],
  texts: readonly number[] | undefined,
  { labels, name = 'table' }: LayoutOptions,
): number {
  const others = statistics.map((_, place) => place).filter((place) => !texts?.includes(place));
  const refuse = (places: readonly number[]): never => {
    const seen = places.map((place) => {
      const { shareIn, examples } = statistics[place];
      // A cell of the first line that is not among the values is the column's name.
      const named =
        names[place].trim() !== '' && looksLikeName(names[place]) && shareIn(new Set([names[place].trim()])) === 0;
      const values = examples.map((one) => shorten(one, 20)).join(', ');
      return `column ${place + 1} (${named ? `${shorten(names[place].trim())}: ` : ''}${values})`;
    });
    throw new DataError(
      `${name}: the labels may be in ${either(seen)}; choose with ` +
        either(places.map((place) => `--label-column ${place + 1}`)),
      { columns: places.map((place) => place + 1) },
    );
  };
  if (others.length < 2 && !texts) {
    throw new DataError(
      `${name}: it has ${others.length} column; a label and a text are needed, with a tab or comma between them`,
    );
  }
  const known = labels && others.filter((place) => statistics[place].shareIn(new Set(labels)) >= 0.5);
  if (known?.length === 1) return known[0];
  const namedHere = others.filter((place) => labelNamesIn([names[place]]).length > 0);
  const repeating = others.filter((place) => statistics[place].kind === 'category');
  if (namedHere.length === 1 && !repeating.some((place) => !namedHere.includes(place))) return namedHere[0];
  if (repeating.length === 1) return repeating[0];
  if (statistics.length > 2) {
    if (repeating.length > 1) refuse(repeating);
    const constant = others.filter((place) => statistics[place].kind === 'constant');
    if (constant.length === 1) return constant[0];
    throw new DataError(
      `${name}: no column has labels, values that repeat; choose one with --label-column and --text-column`,
    );
  }
  if (others.length === 1) return others[0];
  const [a, b] = others.map((place) => statistics[place]);
  if (b.kind === 'empty') return 0;
  if (a.kind === 'empty') return 1;
  if (a.kind === 'constant' && b.kind !== 'constant') return 0;
  if (b.kind === 'constant' && a.kind !== 'constant') return 1;
  if (2 * a.distinct <= b.distinct && a.words <= b.words) return 0;
  if (2 * b.distinct <= a.distinct && b.words <= a.words) return 1;
  // Nothing repeats: a label is a single word, a text has several.
  if (a.words === 1 && b.words > 1) return 0;
  if (b.words === 1 && a.words > 1) return 1;
  return refuse(others);
}

/** The columns of the texts, by their values. */
function findTexts(
  names: readonly string[],
  statistics: readonly ColumnStatistics[],
  label: number,
  name: string,
): readonly number[] {
  const others = statistics.map((_, place) => place).filter((place) => place !== label);
  if (others.length === 1) return others;
  const named = others.filter((place) => textNamesIn([names[place]]).length > 0);
  if (named.length === 1) return named;
  const prose = others.filter((place) => statistics[place].kind === 'prose');
  if (prose.length > 0) return prose;
  const words = others.filter((place) => statistics[place].kind === 'words');
  if (words.length === 1) return words;
  const places = words.length > 0 ? words : others;
  throw new DataError(
    `${name}: which column has the texts is not clear; choose with ` +
      either(places.map((place) => `--text-column ${place + 1}`)),
    { columns: places.map((place) => place + 1) },
  );
}

/**
 * Whether the first line names the columns: its label occurs nowhere else, its cells look like names, and the rest of the
 * table does not speak against it.
 */
function hasHeader(
  rows: readonly TableRow[],
  label: number,
  texts: readonly number[],
  statistics: readonly ColumnStatistics[],
  { name, labels }: { readonly name: string; readonly labels: readonly string[] | undefined },
): boolean {
  const [{ cells, line }, ...body] = rows;
  if (body.length === 0) return false;
  const counts = new Map<string, number>();
  for (const row of body) counts.set(row.cells[label]?.trim(), (counts.get(row.cells[label]?.trim()) ?? 0) + 1);
  const own = cells[label].trim();
  if (counts.has(own) || labels?.includes(own)) return false;
  const numeric = statistics.flatMap(({ numeric }, place) => (numeric ? [place] : []));
  if (numeric.some((place) => isNumber(cells[place]))) return false;
  if (!cells.every(looksLikeName)) return false;
  if (numeric.length > 0) return true;
  const repeats = [...counts.values()];
  if (repeats.every((count) => count > 1)) return true;
  const text = texts.map((place) => cells[place]).join(' ');
  const shorter = body.every((row) => wordsIn(texts.map((place) => row.cells[place] ?? '').join(' ')) > wordsIn(text));
  if (shorter && (labels || repeats.some((count) => count > 1))) return true;
  // A text among texts, of no fewer words.
  if (labels || (!shorter && wordsIn(text) > 1)) return false;
  throw new DataError(
    `${name}, line ${line}: (${shorten(cells.join(', '))}) may name the columns or be an example; choose with ` +
      '--header yes or --header no',
    { line },
  );
}

const isNumber = (cell: string): boolean => cell.trim() !== '' && Number.isFinite(Number(cell));

const looksLikeName = (cell: string): boolean =>
  cell.trim() === '' || (/^[\p{L}\p{N}_#][\p{L}\p{N}_ .:()/-]{0,40}$/u.test(cell.trim()) && wordsIn(cell) <= 4);

function described(
  first: readonly string[],
  header: boolean,
  label: number,
  texts: readonly number[],
): Pick<TableLayout, 'columns' | 'about'> {
  const names = first.map((cell) => cell.trim());
  const unique = (place: number): boolean => names[place] !== '' && names.indexOf(names[place]) === place;
  const nameOf = (place: number): Column => (header && unique(place) ? names[place] : place + 1);
  const shown = (place: number): string => {
    const column = nameOf(place);
    return typeof column === 'number' ? `column ${column}` : `'${shorten(column)}'`;
  };
  const listed = (places: readonly number[]): string =>
    places
      .map(shown)
      .join(', ')
      .replace(/, ([^,]*)$/, ' and $1');
  const unread = names.map((_, place) => place).filter((place) => place !== label && !texts.includes(place));
  const parts = [
    `label in ${shown(label)}`,
    `text in ${listed(texts)}${texts.length > 1 ? ' (joined)' : ''}`,
    ...(unread.length > 0 ? [`${unread.length > 5 ? `${unread.length} other columns` : listed(unread)} not used`] : []),
    header ? 'line 1 names the columns' : 'no header',
  ];
  return { columns: { label: nameOf(label), text: texts.map(nameOf) }, about: parts.join(', ') };
}

const shorten = (text: string, most = 60): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** `a or b`; of many the first four. */
const either = (ways: readonly string[]): string =>
  ways.slice(0, 4).join(' or ') + (ways.length > 4 ? `, or ${ways.length - 4} more` : '');
