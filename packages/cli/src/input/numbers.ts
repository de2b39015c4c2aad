/** What stands before the decimals of a number: 1.5 or 1,5. The other mark then separates thousands. */
export type DecimalMark = 'point' | 'comma';
export const decimalMarks = ['point', 'comma'] as const satisfies readonly DecimalMark[];

/** A field as a number, by either decimal mark; null where it is none. */
export interface Readings {
  readonly point: number | null;
  readonly comma: number | null;
  /** `%`, or the currency; empty where there is none. */
  readonly unit: string;
}

const currencies = String.raw`[A-Z]{0,2}\p{Sc}|USD|EUR|GBP|JPY|CNY|CHF|CAD|AUD|INR|SEK|NOK|DKK|PLN|CZK|BRL|MXN|KRW|kr|zł`;
const spelled = new RegExp(
  String.raw`^([-+]?) ?(${currencies})? ?([-+]?)([\d.,' _]*\d[\d.,' _]*(?:e[-+]?\d{1,4})?) ?(%|${currencies})? ?(-?)$`,
  'iu',
);

/** Most numbers: digits without a mark, or with a point that cannot separate thousands. */
const certain = /^-?\d{1,15}(?:\.(?!\d{3}$)\d{1,15})?$/;

/** Longer fields are no numbers. */
const mostCharacters = 60;

/**
 * A number as people and spreadsheets write it: thousands between commas, points, spaces or apostrophes, with a sign of a
 * currency or of per cent, negative with a minus on either side or in parentheses.
 * @returns null if it is none by either decimal mark
 */
export function readNumber(field: string): Readings | null {
  if (field.length > mostCharacters) return null;
  if (certain.test(field)) {
    const value = Number(field);
    return { point: value, comma: field.includes('.') ? null : value, unit: '' };
  }
  const text = field
    .trim()
    .replace(/[\u00a0\u2009\u202f]/g, ' ')
    .replace(/\u2212/g, '-')
    .replace(/’/g, "'");
  const inside = /^\((.*)\)$/.exec(text)?.[1];
  const found = spelled.exec(inside ?? text);
  if (!found) return null;
  const [, before, front = '', between, body, behind = '', after] = found;
  const signs = [before, between, after].filter((sign) => sign !== '');
  if (signs.length > 1 || (inside !== undefined && signs.length > 0) || (front !== '' && behind !== '')) return null;
  const sign = inside !== undefined || signs[0] === '-' ? -1 : 1;
  const read = (decimal: string, separators: string): number | null => {
    const value = plainNumber(body.trim(), decimal, separators);
    return value === null || value === 0 ? value : sign * value;
  };
  const readings = { point: read('.', ",' _"), comma: read(',', ".' _"), unit: (front || behind).toUpperCase() };
  return readings.point === null && readings.comma === null ? null : readings;
}

/** A number without a sign. @param separators  of thousands; a number has one kind */
function plainNumber(text: string, decimal: string, separators: string): number | null {
  const [mantissa, exponent = '0'] = text.toLowerCase().split('e');
  const [whole, decimals = '', more] = mantissa.split(decimal);
  if (more !== undefined || !/^\d*$/.test(decimals)) return null;
  const separator = [...separators].find((one) => whole.includes(one));
  if (separator !== undefined && !isGrouped(whole.split(separator))) return null;
  const digits = separator === undefined ? whole : whole.replaceAll(separator, '');
  if (!/^\d*$/.test(digits) || digits + decimals === '') return null;
  const value = Number(`${digits || '0'}.${decimals || '0'}e${exponent}`);
  return Number.isFinite(value) ? value : null;
}

/** 1 234 567 in threes, or as in India with twos before the last three: 12 34 567. */
function isGrouped(groups: readonly string[]): boolean {
  const [first, ...rest] = groups;
  if (!/^[1-9]\d{0,2}$/.test(first) || rest.at(-1)!.length !== 3 || !rest.every((group) => /^\d+$/.test(group))) {
    return false;
  }
  const inner = rest.slice(0, -1);
  return inner.every(({ length }) => length === 3) || (first.length < 3 && inner.every(({ length }) => length === 2));
}
