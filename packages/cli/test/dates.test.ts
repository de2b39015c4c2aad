import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DateOrder, parseDate } from '../src/input/dates.ts';
import { readSeries, type SeriesOptions } from '../src/tasks/forecast/series.ts';
import { describeStep, likelySeason } from '../src/tasks/forecast/times.ts';

const march10 = Date.UTC(2024, 2, 10);

describe('a date', () => {
  test.each<[string, DateOrder | 'any', number]>([
    ['2024-03-10', 'any', march10],
    ['2024/3/10', 'any', march10],
    ['2024.03.10', 'any', march10],
    ['20240310', 'any', march10],
    ['2024-03', 'any', Date.UTC(2024, 2, 1)],
    ['03/2024', 'any', Date.UTC(2024, 2, 1)],
    ['1958-03', 'any', Date.UTC(1958, 2, 1)],
    ['2024-Q2', 'any', Date.UTC(2024, 3, 1)],
    ['2024 q4', 'any', Date.UTC(2024, 9, 1)],
    ['03/10/2024', 'mdy', march10],
    ['3/10/24', 'mdy', march10],
    ['10.03.2024', 'dmy', march10],
    ['10/3/24', 'dmy', march10],
    ['10-03-2024', 'dmy', march10],
    ['24/03/10', 'ymd', march10],
    ['3/10/85', 'mdy', Date.UTC(1985, 2, 10)],
    ['Mar 10, 2024', 'any', march10],
    ['March 10 2024', 'any', march10],
    ['10 March 2024', 'any', march10],
    ['10th Mar. 2024', 'any', march10],
    ['10-Mar-24', 'any', march10],
    ['Sun, 10 Mar 2024', 'any', march10],
    ['Sunday, March 10, 2024', 'any', march10],
    ['Sept 1, 2024', 'any', Date.UTC(2024, 8, 1)],
    ['Mar 2024', 'any', Date.UTC(2024, 2, 1)],
    ['2024-03-31 02:30', 'any', Date.UTC(2024, 2, 31, 2, 30)],
    ['2024-03-31T02:30:15.5Z', 'any', Date.UTC(2024, 2, 31, 2, 30, 15, 500)],
    ['2024-03-31T02:30+02:00', 'any', Date.UTC(2024, 2, 31, 0, 30)],
    ['2024-03-31 02:30:00-0330', 'any', Date.UTC(2024, 2, 31, 6, 0)],
    ['03/10/2024 1:05 PM', 'mdy', march10 + (13 * 60 + 5) * 60_000],
    ['03/10/2024, 12:05 am', 'mdy', march10 + 5 * 60_000],
    ['Mar 10, 2024 13:05', 'any', march10 + (13 * 60 + 5) * 60_000],
  ])('%j is read in the order %s', (text, order, time) => {
    for (const one of order === 'any' ? (['ymd', 'dmy', 'mdy'] as const) : [order]) {
      expect(parseDate(text, one)?.time).toBe(time);
    }
  });

  test.each<[string, DateOrder]>([
    ['31.3.2024', 'mdy'],
    ['3/31/2024', 'dmy'],
    ['03/10/2024', 'ymd'],
    ['2024-02-30', 'ymd'],
    ['2024-13-01', 'ymd'],
    ['2024-00-10', 'ymd'],
    ['2024-01-01 25:00', 'ymd'],
    ['2024-01-01 10:60', 'ymd'],
    ['2024-01-01 13:00 PM', 'ymd'],
    ['2024', 'ymd'],
    ['99991399', 'ymd'],
    ['10.03', 'dmy'],
    ['1.234.567', 'dmy'],
    ['10. März 2024', 'dmy'],
    ['Mar', 'ymd'],
    ['soon', 'ymd'],
    ['', 'ymd'],
  ])('%j is none in the order %s', (text, order) => expect(parseDate(text, order)).toBeNull());
});

const read = (dates: readonly string[], options: SeriesOptions = {}) =>
  readSeries(['t;y', ...dates.map((date, i) => `"${date}";${i * i}`)].join('\n'), 'file', options);
const timesOf = async (...args: Parameters<typeof read>): Promise<string[]> => {
  const { times, length } = await read(...args);
  return Array.from({ length }, (_, i) => times!.format(times!.at(i)));
};
const days = (count: number, spell: (d: number, m: number, y: number) => string, from = march10): string[] =>
  Array.from({ length: count }, (_, i) => {
    const date = new Date(from + i * 86_400_000);
    return spell(date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCFullYear());
  });
const iso = (count: number, from = march10): string[] =>
  Array.from({ length: count }, (_, i) => new Date(from + i * 86_400_000).toISOString().slice(0, 10));

describe('dates in digits', () => {
  test('are resolved by a day above 12, and the order is printed', async () => {
    const { dateOrder, notes } = await read(days(5, (d, m, y) => `${m}/${d}/${y}`));
    expect(dateOrder).toBe('mdy');
    expect(notes).toEqual(["Dates in 't' are read as month/day/year"]);
    expect(await timesOf(days(5, (d, m, y) => `${m}/${d}/${y}`))).toEqual(iso(5));
    expect(await timesOf(days(5, (d, m, y) => `${d}.${m}.${y}`))).toEqual(iso(5));
    expect((await read(iso(3))).notes).toEqual([]);
  });

  test('are resolved by times that are evenly spaced in one order only', async () => {
    // 30 March does not occur, but as month/day/year these are months apart, and not evenly.
    const first = days(6, (d, m, y) => `0${m}/0${d}/${y}`, Date.UTC(2024, 2, 3))
      .concat('03/12/2024')
      .slice(0, 6);
    expect(first).toEqual(['03/03/2024', '03/04/2024', '03/05/2024', '03/06/2024', '03/07/2024', '03/08/2024']);
    await expect(read(first)).rejects.toThrow('--date-order');
    const uneven = ['03/09/2024', '03/10/2024', '03/11/2024', '03/12/2024', '04/01/2024'];
    await expect(read(uneven)).rejects.toThrow('--date-order');
    const hourly = ['03/10/2024 22:00', '03/10/2024 23:00', '03/11/2024 00:00'];
    expect((await read(hourly)).dateOrder).toBe('mdy');
  });

  test('need --date-order if both orders are possible, and follow it', async () => {
    const dates = ['01/02/2024', '01/03/2024', '01/04/2024', '01/05/2024'];
    await expect(read(dates)).rejects.toThrow(
      "file: line 2: '01/02/2024' can be 2024-02-01 (--date-order dmy) or 2024-01-02 (--date-order mdy), and the other rows leave it open",
    );
    expect(await timesOf(dates, { dateOrder: 'mdy' })).toEqual([
      '2024-01-02',
      '2024-01-03',
      '2024-01-04',
      '2024-01-05',
    ]);
    expect(await timesOf(dates, { dateOrder: 'dmy' })).toEqual([
      '2024-02-01',
      '2024-03-01',
      '2024-04-01',
      '2024-05-01',
    ]);
    // What the training file had decides, where the file does not.
    expect(await timesOf(dates, { likely: { dateOrder: 'dmy' } })).toEqual([
      '2024-02-01',
      '2024-03-01',
      '2024-04-01',
      '2024-05-01',
    ]);
    const certain = days(5, (d, m, y) => `${m}/${d}/${y}`);
    expect(await timesOf(certain, { likely: { dateOrder: 'dmy' } })).toEqual(iso(5));
  });

  test.each<[string, string[], SeriesOptions, string]>([
    [
      'of two orders',
      ['13/01/2024', '01/14/2024'],
      {},
      "line 2 has '13/01/2024', day/month/year, and line 3 '01/14/2024', month/day/year",
    ],
    [
      'not of the order asked for',
      ['13/01/2024'],
      { dateOrder: 'mdy' },
      "line 2: '13/01/2024' is not a date in the order mdy",
    ],
    [
      'with names that are not English',
      ['10. März 2024'],
      {},
      "line 2: '10. März 2024' in column 't' is not a date that can be read",
    ],
  ])('%s are refused', async (_, dates, options, message) => {
    await expect(read(dates, options)).rejects.toThrow(message);
  });

  test('that cannot be parsed are refused, also beside a row-number column', async () => {
    const text = 'n;Datum;x\n1;11. März 2024;5\n2;10. März 2024;9\n3;9. März 2024;2\n';
    await expect(readSeries(text, 'file', {})).rejects.toThrow(
      "'11. März 2024' in column 'Datum' is not a date that can be read",
    );
    expect(await readSeries(text, 'file', { time: 'n' })).toMatchObject({ timeColumn: 'n', leftOut: ['Datum'] });
  });

  test('of any day read back in their order, or are refused', async () => {
    const spellings: ((d: number, m: number, y: number) => string)[] = [
      (d, m, y) => `${d}/${m}/${y}`,
      (d, m, y) => `${m}/${d}/${y}`,
      (d, m, y) => `${d}.${m}.${String(y).slice(2)}`,
      (d, m, y) => `${m}-${d}-${String(y).slice(2)}`,
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 2, max: 20 }),
        fc.constantFrom(...spellings),
        fc.boolean(),
        async (start, count, spell, falling) => {
          const from = start * 86_400_000;
          const dates = days(count, spell, from);
          const found = await timesOf(falling ? dates.toReversed() : dates).catch((error: Error) => error.message);
          if (typeof found === 'string') expect(found).toContain('--date-order');
          else expect(found).toEqual(iso(count, from));
        },
      ),
    );
  });
});

describe('rows', () => {
  test('that come newest first are reversed, with a note', async () => {
    const { series, notes } = await read(iso(4).toReversed());
    expect([...(series.y as Float64Array)]).toEqual([9, 4, 1, 0]);
    expect(notes).toEqual(["Rows come newest first by 't'; they are read in the order of time"]);
    expect(await timesOf(iso(4).toReversed())).toEqual(iso(4));
    const numbered = await readSeries('step,y\n3,10\n2,20\n1,40\n', 'file', {});
    expect([...(numbered.series.y as Float64Array)]).toEqual([40, 20, 10]);
  });

  test('with gaps are turned round with their gaps', async () => {
    const dates = [0, 1, 3, 4].map((i) => iso(5)[i]).toReversed();
    const { series } = await read(dates, { fill: 'previous' });
    expect([...(series.y as Float64Array)]).toEqual([9, 4, 4, 1, 0]);
  });

  test('numbered by a column take their times from it, and it is not forecast', async () => {
    expect(await readSeries('n,x\n7,5\n8,9\n9,2\n', 'file', {})).toMatchObject({
      timeColumn: 'n',
      targets: ['x'],
      leftOut: [],
    });
    const dated = await readSeries('id,day,x\n0,2024-01-01,5\n1,2024-01-02,9\n2,2024-01-03,2\n', 'file', {});
    expect(dated).toMatchObject({ timeColumn: 'day', targets: ['x'], leftOut: ['id (only counts the rows)'] });
    const none = await readSeries('id,x\n0,5\n1,9\n2,2\n', 'file', { time: 'none' });
    expect(none).toMatchObject({ timeColumn: null, targets: ['x'], leftOut: ['id (only counts the rows)'] });
    // A series that counts is one where it is asked for, or where there is no other.
    expect(await readSeries('n,x\n7,5\n8,9\n9,2\n', 'file', { target: ['n'] })).toMatchObject({ targets: ['n'] });
    expect(await readSeries('day,x\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n', 'file', {})).toMatchObject({
      targets: ['x'],
    });
    expect(await readSeries('x\n1\n2\n3\n', 'file', {})).toMatchObject({ targets: ['x'], timeColumn: null });
  });

  test('before the first number are dropped by --fill previous, with a note', async () => {
    const text = 'day,a,b\n2024-01-01,,1\n2024-01-02,5,2\n2024-01-04,6,4\n';
    const { series, length, times, notes, filled } = await readSeries(text, 'file', { fill: 'previous' });
    expect([...(series.a as Float64Array)]).toEqual([5, 5, 6]);
    expect([...(series.b as Float64Array)]).toEqual([2, 2, 4]);
    expect(times!.format(times!.at(length))).toBe('2024-01-05');
    expect(filled).toBe(2);
    expect(notes).toEqual(['1 row left out at the beginning: --fill previous has no number before them']);
    const linear = await readSeries(text, 'file', { fill: 'linear' });
    expect([...(linear.series.a as Float64Array)]).toEqual([5, 5, 5.5, 6]);
    await expect(readSeries('day,a\n2024-01-01,\n', 'file', { target: ['a'], fill: 'previous' })).rejects.toThrow(
      'no number at all',
    );
  });
});

describe('months are evenly spaced', () => {
  test.each<[string, string[], string, string]>([
    ['by their last days', ['2000-01-31', '2000-02-29', '2000-03-31', '2000-04-30'], '1 month', '2000-05-31'],
    ['by their last days, newest first', ['2001-03-31', '2001-02-28', '2001-01-31'], '1 month', '2001-04-30'],
    ['by quarters', ['2023-12-31', '2024-03-31', '2024-06-30'], '3 months', '2024-09-30'],
    ['by years from a leap day', ['2023-02-28', '2024-02-29', '2025-02-28'], '1 year', '2026-02-28'],
    ['by a day in the middle', ['2024-01-15', '2024-02-15', '2024-03-15'], '1 month', '2024-04-15'],
    ['by the 30th', ['2024-01-30', '2024-02-29', '2024-03-30'], '1 month', '2024-04-30'],
    ['by named quarters', ['2023-Q4', '2024-Q1', '2024-Q2'], '3 months', '2024-07-01'],
    ['at noon', ['2024-01-31 12:00', '2024-02-29 12:00', '2024-03-31 12:00'], '1 month', '2024-04-30 12:00'],
  ])('%s', async (_, dates, step, next) => {
    const { times, length } = await read(dates);
    expect(describeStep(times!)).toBe(step);
    expect(times!.format(times!.at(length))).toBe(next);
  });

  test('but not by the last days of weeks', async () => {
    await expect(read(['2024-01-31', '2024-02-28', '2024-03-31'])).rejects.toThrow('evenly spaced');
  });

  test('have a season of a year', async () => {
    expect(likelySeason((await read(['2000-01-31', '2000-02-29', '2000-03-31'])).times)).toBe(12);
  });
});

describe('summer time', () => {
  const hours = (...list: string[]) => list.map((hour) => `2024-10-27 ${hour}`);

  test.each<[string, string[], string]>([
    [
      'an hour that comes twice',
      hours('00:00', '01:00', '02:00', '02:00', '03:00'),
      'the clock seems to go back an hour here',
    ],
    [
      'quarters that come twice',
      hours('02:30', '02:45', '02:00', '02:15', '02:30', '02:45', '03:00'),
      'the clock seems to go back an hour here',
    ],
    [
      'an hour that is missing',
      hours('00:00', '01:00', '03:00', '04:00', '05:00'),
      'the clock seems to go forward an hour here',
    ],
  ])('%s is explained', async (_, dates, message) => {
    await expect(read(dates)).rejects.toThrow(message);
    await expect(read(dates)).rejects.toThrow('ignore them with --time none');
    expect((await read(dates, { time: 'none' })).length).toBe(dates.length);
  });

  test('does not matter if offsets are given', async () => {
    const dates = [
      '2024-10-27T01:00+02:00',
      '2024-10-27T02:00+02:00',
      '2024-10-27T02:00+01:00',
      '2024-10-27T03:00+01:00',
    ];
    expect(describeStep((await read(dates)).times!)).toBe('1 hour');
    const daily = [
      '2024-10-26T00:00+02:00',
      '2024-10-27T00:00+02:00',
      '2024-10-28T00:00+01:00',
      '2024-10-29T00:00+01:00',
    ];
    expect(await timesOf(daily)).toEqual([
      '2024-10-26 00:00',
      '2024-10-27 00:00',
      '2024-10-28 00:00',
      '2024-10-29 00:00',
    ]);
  });
});
