import { Failure } from '../failure.ts';
import { type DecimalMark, type Readings, readNumber } from './numbers.ts';

/** A field of a column, with its line in the file. */
export interface Cell {
  readonly text: string;
  readonly line: number;
}

interface NumberCell extends Cell {
  readonly readings: Readings;
}

/** A column of numbers, and the evidence for their decimal mark. */
export interface NumberColumn {
  readonly file: string;
  readonly name: string;
  readonly cells: readonly NumberCell[];
  /** The only mark by which all fields are numbers; null where both are possible. */
  readonly proven: DecimalMark | null;
  /** A field that is another number by the other mark, where both are possible. */
  readonly ambiguous: NumberCell | null;
}

/** How a number that is missing is written. */
const absent = /^(|na|n\/a|nan|null|none|-|\?|\.)$/i;
export const isAbsent = (text: string): boolean => absent.test(text.trim());

/**
 * Reads fields as numbers by both decimal marks.
 * @throws Failure naming the line of a field that is no number, or both lines where fields contradict each other
 */
export function numberColumn(file: string, name: string, fields: readonly Cell[]): NumberColumn {
  const cells = fields
    .filter(({ text }) => !isAbsent(text))
    .map((cell): NumberCell => {
      const readings = readNumber(cell.text);
      if (readings) return { ...cell, readings };
      throw new Failure(`${file}: line ${cell.line}: ${quoted(cell)} in column '${name}' is not a number`);
    });
  const point = cells.find(({ readings }) => readings.comma === null);
  const comma = cells.find(({ readings }) => readings.point === null);
  if (point && comma) {
    throw new Failure(
      `${file}: column '${name}' has a decimal point in line ${point.line} (${quoted(point)}) and a decimal comma in ` +
        `line ${comma.line} (${quoted(comma)}); write all of it one way`,
    );
  }
  requireOneUnit(file, name, cells);
  const ambiguous = point || comma ? null : cells.find(({ readings }) => readings.point !== readings.comma);
  return { file, name, cells, proven: point ? 'point' : comma ? 'comma' : null, ambiguous: ambiguous ?? null };
}

/** 12% beside 0.12, or dollars beside euros, are no numbers of one kind. */
function requireOneUnit(file: string, name: string, cells: readonly NumberCell[]): void {
  const first = cells.find(({ readings }) => readings.unit !== '');
  const other =
    first &&
    cells.find(({ readings: { unit } }) => unit !== first.readings.unit && (unit || first.readings.unit === '%'));
  if (!other) return;
  throw new Failure(
    `${file}: column '${name}' has ${quoted(first)} in line ${first.line} and ${quoted(other)} in line ${other.line}; ` +
      'give all of it in one unit',
  );
}

/** The decimal mark that columns of a file prove, if all that prove one agree. */
export function provenMark(columns: readonly NumberColumn[]): DecimalMark | undefined {
  const marks = new Set(columns.flatMap(({ proven }) => (proven === null ? [] : [proven])));
  return marks.size === 1 ? [...marks][0] : undefined;
}

export interface MarkOptions {
  /** The mark that was asked for. */
  readonly decimal?: DecimalMark | undefined;
  /** The mark of the file's other columns, or of the file that a model was trained on. */
  readonly likely?: DecimalMark | undefined;
  /** What separates the fields of the file. */
  readonly delimiter: string;
}

/**
 * The decimal mark of a column, and a note where the column alone does not prove it.
 * @throws Failure where the mark that was asked for does not fit, or nothing decides
 */
export function markOf(
  column: NumberColumn,
  { decimal, likely, delimiter }: MarkOptions,
): [DecimalMark, string | null] {
  const { file, name, cells, proven, ambiguous } = column;
  if (decimal !== undefined && proven !== null && proven !== decimal) {
    const odd = cells.find(({ readings }) => readings[decimal] === null)!;
    throw new Failure(
      `${file}: line ${odd.line}: ${quoted(odd)} in column '${name}' has no decimal ${decimal}; leave --decimal out`,
    );
  }
  const certain = decimal ?? proven;
  if (certain !== null) return [certain, null];
  if (ambiguous === null) return ['point', null];
  const mark = likely ?? (delimiter === ',' ? betweenCommas(cells) : byDigits(cells));
  const both = `${ambiguous.readings.point} (--decimal point) or ${ambiguous.readings.comma} (--decimal comma)`;
  if (mark === null) {
    throw new Failure(
      `${file}: line ${ambiguous.line}: ${quoted(ambiguous)} in column '${name}' can be ${both}; say which`,
    );
  }
  // A point before three decimals is what it looks like in a file with commas between its fields.
  const plain = mark === 'point' && !ambiguous.text.includes(',');
  const other = mark === 'point' ? 'comma' : 'point';
  const note = `${quoted(ambiguous)} in column '${name}' is read as ${ambiguous.readings[mark]} (otherwise: --decimal ${other})`;
  return [mark, plain ? null : note];
}

/**
 * Whole numbers below 1,000 without a mark, beside a last zero after one (904 and 1,010): with decimals the zero would not be
 * written, or all would have three. So the mark separates thousands. Null if undecided.
 */
function byDigits(cells: readonly NumberCell[]): DecimalMark | null {
  const texts = cells.map(({ text }) => text);
  const separator = texts.some((text) => text.includes(',')) ? ',' : '.';
  const marked = texts.filter((text) => /[.,]/.test(text));
  const whole = cells.filter(({ text }) => !/[.,]/.test(text));
  const small = whole.length > 0 && whole.every(({ readings }) => Math.abs(readings.point!) < 1000);
  const oneMark = marked.every((text) => text.includes(separator));
  if (!small || !oneMark || !marked.some((text) => /[.,]\d\d0(?!\d)/.test(text))) return null;
  return separator === ',' ? 'point' : 'comma';
}

/** Where commas separate fields, numbers are written with a point, unless 1234 stands beside 1,234. */
function betweenCommas(cells: readonly NumberCell[]): DecimalMark | null {
  const grouped = cells.some(({ text }) => text.includes(','));
  const ungrouped = cells.some(({ text, readings }) => !/[.,]/.test(text) && Math.abs(readings.point!) >= 1000);
  return grouped && ungrouped ? null : 'point';
}

/** A field as messages quote it. */
export function quoted({ text }: { readonly text: string }): string {
  const trimmed = text.trim();
  return `'${trimmed.length > 40 ? `${trimmed.slice(0, 40)}…` : trimmed}'`;
}
