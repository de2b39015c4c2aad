import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../src/failure.ts';
import { parseCsv } from '../src/input/csv.ts';
import { readSeries } from '../src/tasks/forecast/series.ts';
import { describeStep, likelySeason } from '../src/tasks/forecast/times.ts';

describe('a table', () => {
  test.each([',', ';', '\t'])('reads back what was written with %j between its fields', async (delimiter) => {
    const field = fc.string({ unit: fc.constantFrom('a', '1', '"', ',', ';', '\t', ' ', 'é'), minLength: 1 });
    const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 2 }), { minLength: 1 });
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom('\n', '\r\n'), async (written, end) => {
        const text = [['x', 'y'], ...written].map((row) => row.map(quoted).join(delimiter)).join(end);
        const table = await parseCsv(text, 'file');
        expect(table.columns).toEqual(['x', 'y']);
        expect(table.rows.map(({ fields }) => fields)).toEqual(written);
        expect(table.rows.map(({ line }) => line)).toEqual(written.map((_, i) => i + 2));
      }),
    );
  });

  test.each(['1,2\n3,4\n', '2024-01-01,2\n2024-01-02,4\n'])(
    'of data alone has columns called by number: %j',
    async (text) => {
      expect(await parseCsv(text, 'file')).toMatchObject({
        columns: ['1', '2'],
        rows: [{ line: 1 }, { line: 2 }],
      });
    },
  );

  test.each([
    ['of no rows', 'a,b\n', 'no rows below the first line'],
    ['with a short row', 'a,b\n1,2\n\n3\n', "line 4 has 1 field, the first line 2; quote fields that contain ','"],
    ['with an open quote', 'a,b\n1,"2\n', 'line 2: a quote does not begin or end'],
    ['with two columns of one name', 'a,b,a\n1,2,3\n', "two columns are called 'a'"],
  ])('%s is refused', async (_, text, message) => {
    await expect(parseCsv(text, 'file')).rejects.toThrow(`file: ${message}`);
  });

  test('may have a column without a name', async () => {
    expect((await parseCsv(',y\n0,5\n', 'file')).columns).toEqual(['column 1', 'y']);
  });
});

describe('times', () => {
  const read = (lines: readonly string[], options = {}) => readSeries(['t,y', ...lines].join('\n'), 'file', options);

  test.each([
    ['days', ['2024-02-28,1', '2024-02-29,2', '2024-03-01,3'], '1 day', 7, '2024-03-02'],
    ['hours', ['2024-02-28 22:00,1', '2024-02-28 23:00,2', '2024-02-29 00:00,3'], '1 hour', 24, '2024-02-29 01:00'],
    [
      'quarter-hours',
      ['2024-02-28 22:00,1', '2024-02-28 22:15,2', '2024-02-28 22:30,3'],
      '15 minutes',
      96,
      '2024-02-28 22:45',
    ],
    ['months', ['2024-11-01,1', '2024-12-01,2', '2025-01-01,3'], '1 month', 12, '2025-02-01'],
    ['months without days', ['2024-11,1', '2024-12,2', '2025-01,3'], '1 month', 12, '2025-02'],
    ['years', ['1999-01-01,1', '2000-01-01,2', '2001-01-01,3'], '1 year', 1, '2002-01-01'],
    ['weeks', ['2024-01-01,1', '2024-01-08,2', '2024-01-15,3'], '1 week', 1, '2024-01-22'],
    ['numbers', ['0.5,1', '1,2', '1.5,3'], '0.5', 1, '2'],
  ])('continue with the same spacing: %s', async (_, lines, step, season, next) => {
    const { times } = await read(lines, { time: 't' });
    expect(describeStep(times!)).toBe(step);
    expect(likelySeason(times)).toBe(season);
    expect(times!.format(times!.at(3))).toBe(next);
    expect(times!.format(times!.at(0))).toBe(lines[0].split(',')[0]);
  });

  test.each([
    [
      'out of order',
      ['2024-01-02,1', '2024-01-01,2', '2024-01-03,3'],
      "line 3: '2024-01-01' does not come after '2024-01-02' in line 2; sort the rows",
    ],
    [
      'out of order, newest first',
      ['2024-01-03,1', '2024-01-01,2', '2024-01-02,3'],
      "line 4: '2024-01-02' does not come before '2024-01-01' in line 3; sort the rows",
    ],
    [
      'twice',
      ['2024-01-01,1', '2024-01-01,2'],
      "line 3: '2024-01-01' does not come after '2024-01-01' in line 2; each time must occur once",
    ],
    [
      'with a gap',
      ['2024-01-01,1', '2024-01-02,2', '2024-01-05,3', '2024-01-06,4'],
      "line 4: 2 rows are missing before '2024-01-05'; --fill",
    ],
    [
      'uneven',
      ['2024-01-01 00:00,1', '2024-01-01 01:00,2', '2024-01-01 02:30,3', '2024-01-01 03:30,4'],
      "line 4: '2024-01-01 02:30' comes 1.5 steps of 1 hour after",
    ],
    ['that are none', ['2024-01-01,1', 'soon,2'], "line 3: 'soon' is not a date like those before"],
    ['that are missing', ['2024-01-01,1', ',2'], "line 3: column 't' has no time"],
  ])('%s are refused', async (_, lines, message) => {
    await expect(read(lines)).rejects.toThrow(`file: ${message}`);
  });

  test('may have gaps that --fill fills', async () => {
    const lines = ['2024-01-01,1', '2024-01-02,2', '2024-01-05,5', '2024-01-06,'];
    expect([...((await read(lines, { fill: 'linear' })).series.y as Float64Array)]).toEqual([1, 2, 3, 4, 5, 5]);
    expect([...((await read(lines, { fill: 'previous' })).series.y as Float64Array)]).toEqual([1, 2, 2, 2, 5, 5]);
    expect(await read(lines, { fill: 'linear' })).toMatchObject({ length: 6, filled: 3 });
  });
});

test('any text is a series of finite numbers, or refused by name', async () => {
  const field = fc.oneof(
    fc.constantFrom(
      '1',
      '2',
      '3',
      '1,5',
      '1.234',
      '1,234',
      '',
      'NA',
      'x',
      '$5',
      '12%',
      'n',
      'date',
      '1e300',
      '9'.repeat(50),
    ),
    fc.constantFrom(
      '2024-01-01',
      '2024-01-02',
      '01/02/2024',
      '13/02/2024',
      'Mar 10, 2024',
      '2024-Q1',
      '9999-12-31',
      '0001-01-01',
    ),
    fc.string({ maxLength: 8 }),
  );
  const rows = fc.array(fc.array(field, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 });
  const even = fc
    .array(fc.tuple(fc.integer(), field), { minLength: 3 })
    .map((list) => list.map(([, y], i) => [String(i), y]));
  const options = fc.record({
    fill: fc.constantFrom(undefined, 'linear' as const, 'previous' as const),
    time: fc.constantFrom(undefined, 'none'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(rows, even),
      fc.constantFrom(',', ';', '\t'),
      options,
      async (table, delimiter, chosen) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const text = table.map((row) => row.map(quoted).join(delimiter)).join('\n');
        const found = await readSeries(text, 'file', chosen).catch((error: Error) => error);
        if (found instanceof Error) {
          expect(found).toBeInstanceOf(Failure);
          expect(found.message.length).toBeLessThan(500);
          return;
        }
        for (const column of Object.values(found.series)) expect(Array.from(column).every(Number.isFinite)).toBe(true);
        if (found.times) expect(found.times.format(found.times.at(found.length))).toEqual(expect.any(String));
      },
    ),
    { numRuns: 500 },
  );
});

describe('columns of a series', () => {
  const text = 'day,a,word,b\n2024-01-01,1,x,4\n2024-01-02,2,y,NA\n';
  const read = (options = {}) => readSeries(text, 'file', options);

  test('are all with numbers, or those that are named', async () => {
    expect(await read({ fill: 'previous' })).toMatchObject({
      targets: ['a', 'b'],
      leftOut: ['word'],
      timeColumn: 'day',
    });
    expect(await read({ target: ['a'] })).toMatchObject({ targets: ['a'], leftOut: [] });
    const besides = await read({ target: ['a'], covariates: ['b'], fill: 'previous' });
    expect(Object.keys(besides.series)).toEqual(['a', 'b']);
    expect(besides.targets).toEqual(['a']);
    expect(await read({ target: ['a'], time: 'none' })).toMatchObject({ times: null, timeColumn: null });
  });

  test('of times are found by name where they rise', async () => {
    const columnOf = async (lines: readonly string[]) => (await readSeries(lines.join('\n'), 'file', {})).timeColumn;
    expect(await columnOf(['t,y', '0,5', '1,6'])).toBe('t');
    expect(await columnOf([',y', '0,5', '1,6'])).toBe('column 1');
    expect(await columnOf(['hour,y', '23,5', '0,6'])).toBeNull();
    expect(await columnOf(['day,y', 'Monday,5', 'Tuesday,6'])).toBeNull();
  });

  test.each([
    ['one that there is not', { target: ['c'] }, "no column 'c'; the columns are day, a, word, b"],
    ['one without numbers', { target: ['word'] }, "line 2: 'x' in column 'word' is not a number"],
    ['one with a gap', { target: ['b'] }, "line 3: column 'b' has no number; --fill"],
    ['one of dates', { target: ['day'] }, "line 2: '2024-01-01' in column 'day' is not a number"],
    ['that of the times', { target: ['a'], time: 'a' }, "column 'a' cannot be both the times and a series"],
  ])('%s is refused', async (_, options, message) => {
    await expect(read(options)).rejects.toThrow(`file: ${message}`);
  });
});
