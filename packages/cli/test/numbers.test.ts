import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DecimalMark, readNumber } from '../src/input/numbers.ts';
import { readSeries } from '../src/tasks/forecast/series.ts';

describe('a number', () => {
  test.each<[string, number | null, number | null]>([
    // text, by a decimal point, by a decimal comma
    ['1', 1, 1],
    [' -2.5 ', -2.5, null],
    ['+.5', 0.5, null],
    ['-,5', null, -0.5],
    ['3.', 3, null],
    ['1e3', 1000, 1000],
    ['1.5E-3', 0.0015, null],
    ['1,5', null, 1.5],
    ['1,234', 1234, 1.234],
    ['1.234', 1.234, 1234],
    ['0,123', null, 0.123],
    ['0.123', 0.123, null],
    ['1234,567', null, 1234.567],
    ['1234.567', 1234.567, null],
    ['20,616', 20_616, 20.616],
    ['1,234,567', 1_234_567, null],
    ['1.234.567', null, 1_234_567],
    ['1,234.5', 1234.5, null],
    ['20.686,65', null, 20_686.65],
    ['12,34,567', 1_234_567, null],
    ['12,34,567.8', 1_234_567.8, null],
    ['1 234 567', 1_234_567, 1_234_567],
    ['1\u00a0234,5', null, 1234.5],
    ['1\u202f234', 1234, 1234],
    ["1'234.50", 1234.5, null],
    ['1’234,50', null, 1234.5],
    ['\u22125', -5, -5],
    ['5-', -5, -5],
    ['(1,234.50)', -1234.5, null],
    ['$20.51', 20.51, null],
    ['-$20.51', -20.51, null],
    ['$-20.51', -20.51, null],
    ['($20.51)', -20.51, null],
    ['US$ 1,000.00', 1000, null],
    ['20,51 €', null, 20.51],
    ['EUR 20,51', null, 20.51],
    ['12%', 12, 12],
    ['12,5 %', null, 12.5],
  ])('%j is read', (text, point, comma) => {
    expect(readNumber(text)).toMatchObject({ point, comma });
  });

  test.each([
    ...['', '-', 'x', '0x10', 'Infinity', 'NaN', '1,23,45', '1.2.3'],
    ...['1,2,3', '1,234,56', '01,234.5', '1..2', '10.03.2024', '2024-03-10', '12:30', '1 2'],
    ...[
      '1e9999',
      '--5',
      '(-5)',
      '$5€',
      '5 km',
      '1,234 567,8',
      '9999999999999999999999999999999999999999999999999999999999999999999999',
    ],
  ])('%j is none', (text) => {
    expect(readNumber(text)).toBeNull();
  });

  test.each([
    ['$5', '$'],
    ['5 €', '€'],
    ['eur 5', 'EUR'],
    ['5%', '%'],
    ['5', ''],
  ])('%j has its unit', (text, unit) => expect(readNumber(text)!.unit).toBe(unit));
});

/** A column as a file with two columns, of which the first counts the rows. */
const fileOf = (fields: readonly string[], delimiter: string): string =>
  ['n,x', ...fields.map((field, i) => `${i},"${field}"`)].join('\n').replace(/^(n|\d+),/gm, `$1${delimiter}`);

const readColumn = async (fields: readonly string[], delimiter = ';', decimal?: DecimalMark) =>
  readSeries(fileOf(fields, delimiter), 'file', { decimal, target: ['x'], time: 'none' });
const numbersOf = async (...args: Parameters<typeof readColumn>): Promise<number[]> => [
  ...((await readColumn(...args)).series.x as Float64Array),
];

describe('a column of numbers', () => {
  test.each<[string, string[], string, number[]]>([
    ['a comma that only can be decimal', ['1,5', '1,234'], ';', [1.5, 1.234]],
    ['a comma that only can separate thousands', ['1,234,567', '1,234'], ';', [1_234_567, 1234]],
    ['a point that only can be decimal', ['1.5', '1.234'], ';', [1.5, 1.234]],
    ['a point that only can separate thousands', ['1.234.567', '1.234'], ';', [1_234_567, 1234]],
    ['a zero that decimals would not end in', ['904', '954', '1,010', '1,002'], ';', [904, 954, 1010, 1002]],
    ['the same, in German', ['904', '954', '1.010', '1.002'], '\t', [904, 954, 1010, 1002]],
    ['commas between fields', ['20,616', '21,948'], ',', [20_616, 21_948]],
    ['points where commas separate fields', ['1.234', '1.010', '5'], ',', [1.234, 1.01, 5]],
    ['no marks at all', ['1234', '5'], ';', [1234, 5]],
    ['quoted decimal commas', ['20,5', '21,948'], ',', [20.5, 21.948]],
    ['a currency', ['$1,234.50', '$5'], ',', [1234.5, 5]],
  ])('is decided by %s', async (_, fields, delimiter, numbers) => {
    expect(await numbersOf(fields, delimiter)).toEqual(numbers);
  });

  test.each<[string, string[], string, string]>([
    [
      'three digits after every mark',
      ['1,234', '2,345'],
      ';',
      "line 2: '1,234' in column 'x' can be 1234 (--decimal point) or 1.234",
    ],
    [
      'three digits after some marks',
      ['904', '1.002'],
      '\t',
      "line 3: '1.002' in column 'x' can be 1.002 (--decimal point) or 1002",
    ],
    ['thousands with a mark and without', ['1500', '1,234'], ',', "'1,234' in column 'x' can be 1234"],
  ])('is asked for where nothing decides: %s', async (_, fields, delimiter, message) => {
    await expect(readColumn(fields, delimiter)).rejects.toThrow(message);
    const marked = fields.filter((field) => /[.,]/.test(field));
    for (const decimal of ['point', 'comma'] as const) {
      const numbers = await numbersOf(fields, delimiter, decimal);
      expect(numbers).toEqual(fields.map((field) => readNumber(field)![decimal]));
      expect(numbers).not.toEqual(marked);
    }
  });

  test('is decided by another column of the file', async () => {
    const text = 'n;x;y\n0;1.234;1,5\n1;2.345;2\n2;3.456;3\n';
    expect(await readSeries(text, 'file', {})).toMatchObject({ decimal: 'comma', targets: ['x', 'y'] });
    const { series, notes } = await readSeries(text, 'file', {});
    expect([...(series.x as Float64Array)]).toEqual([1234, 2345, 3456]);
    expect(notes).toEqual(["'1.234' in column 'x' is read as 1234 (otherwise: --decimal point)"]);
    // Columns that contradict each other decide nothing.
    await expect(readSeries('x;y;z\n1.5;1,5;1,234\n', 'file', {})).rejects.toThrow("'1,234' in column 'z' can be");
  });

  test('is taken from the training file if its own is ambiguous', async () => {
    const { series, notes } = await readSeries('x\n"1,234"\n"2,345"\n', 'file', { likely: { decimal: 'comma' } });
    expect([...(series.x as Float64Array)]).toEqual([1.234, 2.345]);
    expect(notes).toEqual([]);
  });

  test('is noted only if the other reading was possible', async () => {
    expect((await readColumn(['20,616'], ',')).notes).toEqual([
      "'20,616' in column 'x' is read as 20616 (otherwise: --decimal comma)",
    ]);
    for (const fields of [['1.234'], ['1,5'], ['5']]) expect((await readColumn(fields, ',')).notes).toEqual([]);
    expect((await readColumn(['1,234'], ';', 'comma')).notes).toEqual([]);
  });

  test.each([
    [
      'both decimal marks',
      ['1.5', '1,5'],
      "column 'x' has a decimal point in line 2 ('1.5') and a decimal comma in line 3 ('1,5')",
    ],
    [
      'shares with a sign of per cent and without',
      ['12%', '0.12'],
      "column 'x' has '12%' in line 2 and '0.12' in line 3; give all of it",
    ],
    ['two currencies', ['$5', '5 €'], "column 'x' has '$5' in line 2 and '5 €' in line 3"],
    ['something else', ['5', '5 km'], "line 3: '5 km' in column 'x' is not a number"],
    ['something long', ['5', 'x'.repeat(300)], `line 3: '${'x'.repeat(40)}…' in column 'x' is not a number`],
  ])('is refused with %s', async (_, fields, message) => {
    await expect(readColumn(fields, ',')).rejects.toThrow(message);
  });

  test('is refused if the given mark does not fit', async () => {
    await expect(readColumn(['1', '1,5'], ';', 'point')).rejects.toThrow(
      "line 3: '1,5' in column 'x' has no decimal point",
    );
  });

  const locales = ['en-US', 'en-IN', 'de-DE', 'de-CH', 'fr-FR', 'es-ES', 'pt-BR', 'sv-SE', 'pl-PL', 'it-CH'];
  const styles = [
    {},
    { useGrouping: false },
    { minimumFractionDigits: 2, maximumFractionDigits: 2 },
    { minimumFractionDigits: 3, maximumFractionDigits: 3 },
    { maximumFractionDigits: 0 },
  ];

  test('in the spelling of any country reads back as the same numbers, or is refused', async () => {
    const values = fc.array(
      fc.oneof(
        fc.integer({ min: -2_000_000, max: 2_000_000 }),
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: -2_000_000, max: 2_000_000 }).map((n) => n / 1000),
      ),
      { minLength: 1, maxLength: 12 },
    );
    let [same, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        values,
        fc.constantFrom(...locales),
        fc.constantFrom(...styles),
        fc.constantFrom(';', '\t'),
        async (numbers, locale, style, delimiter) => {
          const format = new Intl.NumberFormat(locale, style);
          const fields = numbers.map((number) => format.format(number));
          const digits = 'maximumFractionDigits' in style ? style.maximumFractionDigits! : 3;
          const found = await numbersOf(fields, delimiter).catch((error: Error) => error.message);
          if (typeof found === 'string') {
            expect(found).toMatch(/--decimal/);
            refused++;
            return;
          }
          same++;
          for (const [i, value] of found.entries()) {
            expect(Math.abs(value - numbers[i])).toBeLessThanOrEqual(0.5 * 10 ** -digits + 1e-9);
          }
        },
      ),
      { numRuns: 600 },
    );
    // Most columns decide themselves.
    expect(same).toBeGreaterThan(refused);
  });

  test('in English between commas, or with the mark named, always reads back', async () => {
    const style = { minimumFractionDigits: 0, maximumFractionDigits: 3 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -9_999_999, max: 9_999_999 }), { minLength: 1 }),
        async (thousandths) => {
          const numbers = thousandths.map((n) => n / 1000);
          const spell = (locale: string): string[] =>
            numbers.map((n) => new Intl.NumberFormat(locale, style).format(n));
          for (const [locale, delimiter, decimal] of [
            ['en-US', ',', 'point'],
            ['en-US', ';', 'point'],
            ['de-DE', ';', 'comma'],
            ['fr-FR', '\t', 'comma'],
          ] as const) {
            const fields = spell(locale);
            const wholeMark = fields.every((field) => readNumber(field)![decimal] !== null);
            expect(wholeMark).toBe(true);
            expect(await numbersOf(fields, delimiter, decimal)).toEqual(numbers.map((n) => (n === 0 ? 0 : n)));
          }
        },
      ),
    );
  });
});
