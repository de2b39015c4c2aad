import { basename, dirname } from 'node:path';
import {
  type Column,
  type Columns,
  isFastText,
  type LabelledText,
  type LabelledTexts,
  type LayoutOptions,
  labelledRows,
  parseFastText,
  parseJsonLines,
  parseTable,
} from 'unrolled/tasks/classify';
import { Failure } from '../../failure.ts';
import { parseRecords } from '../../input/csv.ts';
import { type TextFiles, textExtension } from '../../input/text-files.ts';
import { countOf } from '../../output/units.ts';

/** The command-line options for tables. */
export interface TableFlags {
  labelColumn?: string;
  /** Several with commas between them. */
  textColumn?: string;
  header?: string;
  delimiter?: string;
}

/** What is known of the labels and columns to expect. */
export type Expected = Pick<LayoutOptions, 'labels' | 'usual'>;

/** Labelled texts from files. */
export interface Examples {
  readonly examples: readonly LabelledText[];
  /** Where each example is: `reviews.csv, line 3`. */
  placeOf(index: number): string;
  /** The columns, where all tables have them in the same place. */
  readonly columns: Columns | null;
  /** How the files were read, in sentences for people. */
  readonly about: readonly string[];
}

/**
 * Labelled texts, by what a file is: JSON lines (`.jsonl`, `.ndjson`); fastText's form, by its labels; a table with commas or
 * semicolons (`.csv`), or with tabs (`.tsv`, or tabs in every line); otherwise one text, whose label is its folder's name.
 * @throws DataError naming the file and the line that is wrong, or the options to choose with
 */
export async function readExamples(
  { files, texts }: TextFiles,
  flags: TableFlags = {},
  expected: Expected = {},
): Promise<Examples> {
  const options = { ...expected, ...tableOptions(flags) };
  const read = await Promise.all(
    files.map(({ path }, i) => readFile(path, texts[i], flags, { ...options, name: path })),
  );
  const places = read.flatMap((one, file) =>
    one.examples.map((_, i) => (one.lines ? { file, line: one.lines[i] } : { file })),
  );
  const columns = read.map((one) => JSON.stringify(one.columns));
  return {
    examples: read.flatMap((one) => one.examples),
    placeOf(index) {
      const { file, line } = places[index];
      return line === undefined ? files[file].path : `${files[file].path}, line ${line}`;
    },
    columns: columns.every((one) => one === columns[0]) ? (read[0]?.columns ?? null) : null,
    about: describeFiles(
      files.map(({ path }) => path),
      read,
    ),
  };
}

type Read = Pick<LabelledTexts, 'examples' | 'columns' | 'about'> & { readonly lines: readonly number[] | null };

const plainText = "one text in each file, labelled by its folder's name";

async function readFile(path: string, text: string, { delimiter }: TableFlags, options: LayoutOptions): Promise<Read> {
  const kind = textExtension(path);
  if (delimiter === 'tab') return parseTable(text, options);
  if (delimiter !== undefined) return labelledRows(await csvRows(text, path, delimiter), options);
  if (kind === '.jsonl' || kind === '.ndjson') return parseJsonLines(text, options);
  if (isFastText(text)) return parseFastText(text, options);
  if (kind === '.csv') return labelledRows(await csvRows(text, path, await delimiterOf(text, path)), options);
  if (kind === '.tsv' || isTable(text)) return parseTable(text, options);
  const whole = text.trim();
  const examples = whole === '' ? [] : [{ text: whole, label: basename(dirname(path)) }];
  return { examples, lines: null, columns: null, about: plainText };
}

async function csvRows(text: string, path: string, delimiter: string) {
  const rows = (await parseRecords(text, path, delimiter)).map(({ record, info }) => ({
    cells: record,
    line: info.lines,
  }));
  const odd = rows.find(({ cells }) => cells.length !== rows[0].cells.length);
  if (odd) {
    throw new Failure(
      `${path}, line ${odd.line}: it has ${countOf(odd.cells.length, 'column')}, the first line has ` +
        `${rows[0].cells.length}; put texts that hold '${delimiter}' in quotes, or choose another --delimiter`,
    );
  }
  return rows;
}

/** The separator that cuts every row into the same number of columns, two or more. */
async function delimiterOf(text: string, path: string): Promise<string> {
  const first = (/^.*\S.*$/m.exec(text)?.[0] ?? '').replace(/"[^"]*"/g, '');
  const there = [',', ';', '\t'].filter((one) => first.includes(one));
  if (there.length < 2) return there[0] ?? ',';
  const even: string[] = [];
  for (const one of there) {
    const records = await parseRecords(text, path, one).catch(() => []);
    if (records.length > 0 && records.every(({ record }) => record.length === records[0].record.length)) even.push(one);
  }
  if (even.length <= 1) return even[0] ?? there[0];
  throw new Failure(
    `${path}: its columns may be separated by ${even.map(nameOf).join(' or ')}; choose with ` +
      even.map((one) => `--delimiter ${one === '\t' ? 'tab' : `'${one}'`}`).join(' or '),
  );
}

const nameOf = (delimiter: string): string =>
  ({ ',': 'commas', ';': 'semicolons', '\t': 'tabs' })[delimiter] ?? delimiter;

function tableOptions({ labelColumn, textColumn, header }: TableFlags): LayoutOptions {
  return {
    labelColumn: labelColumn === undefined ? undefined : column(labelColumn),
    textColumn: textColumn?.split(',').map(column),
    header: header === undefined ? undefined : header === 'yes',
  };
}

/** `3` is the third column, `label` the one of that name. */
const column = (said: string): Column => (/^\d+$/.test(said.trim()) ? Number(said) : said.trim());

function isTable(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => line.includes('\t'));
}

/** The files that were read in each way, the first ways only. */
function describeFiles(paths: readonly string[], read: readonly Read[]): string[] {
  const ways = new Map<string, string[]>();
  for (const [i, { about }] of read.entries()) ways.set(about, [...(ways.get(about) ?? []), paths[i]]);
  const lines = Array.from(ways, ([about, files]) =>
    files.length === 1
      ? `${files[0]}: ${about}`
      : `${files[0]} and ${countOf(files.length - 1, 'other file')}: ${about}`,
  );
  return lines.length > 4 ? [...lines.slice(0, 4), `${lines.length - 4} other forms of files`] : lines;
}
