import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { seasonalSeries } from 'unrolled/tasks/forecast';
import { decodeCheckpoint, type Json } from 'unrolled/train';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectComplaint, readEvents, tensorsOf, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);
const forecast = (...args: string[]) => unrolled(cwd, 'forecast', ...args);
const small = ['--hidden', '8', '--steps', '60', '--threads', '1', '--validate-every', '30'];

/** Hours with days in them, and a second column that is the first one an hour later. */
const demand = seasonalSeries({ length: 600, seasons: [24], heights: [10], seed: 2 });
const lines = Array.from(demand, (value, t) => {
  const time = new Date(Date.UTC(2024, 2, 29) + t * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
  return `${time};${value.toFixed(2).replace('.', ',')};${(demand[t + 1] ?? value).toFixed(2)};sunny`;
});
const table = (rows: readonly string[]): string => `${['time;demand;ahead;sky', ...rows].join('\n')}\n`;

beforeAll(async () => {
  file('demand.csv', table(lines));
  file('lost.csv', 'time;ahead\n2024-01-01;1\n');
  file('short.csv', table(lines.slice(0, 20)));
  file('gap.csv', table(lines.map((line, i) => (i === 2 ? line.replace(/;[\d,]+;/, ';;') : line))));
  const ended = await forecast('train', 'demand.csv', '--target', 'demand', '--horizon', '6', ...small);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toContain("600 rows, 1 hour apart by 'time'; forecasts demand\n");
  expect(ended.stdout).toContain('unrolled forecast predict runs/demand');
});

describe('forecast predict', () => {
  test('prints the steps after the last row, with intervals', async () => {
    const { code, stdout } = await forecast('predict', 'runs/demand');
    expect(code).toBe(0);
    const [head, ...rows] = stdout.split('\n');
    expect(head.trim().split(/\s+/)).toEqual(['time', 'demand', 'from', 'to']);
    expect(rows.slice(0, 6).map((row) => row.slice(0, 16))).toEqual(
      [0, 1, 2, 3, 4, 5].map((hour) => `2024-04-23 0${hour}:00`),
    );
    for (const row of rows.slice(0, 6)) {
      const [value, from, to] = row.slice(16).trim().split(/\s+/).map(Number);
      expect(from).toBeLessThan(value);
      expect(value).toBeLessThan(to);
    }
  });

  test('prints JSON, reads another file, skips its last rows, and draws the actual values', async () => {
    file('newer.csv', table(lines.slice(100)));
    const args = [
      'predict',
      'runs/demand',
      'newer.csv',
      '--skip-last',
      '6',
      '--level',
      '0.95',
      '--plot',
      'out.svg',
      '--json',
    ];
    const { stdout } = await forecast(...args);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ type: 'forecast', level: 0.95, targets: [{ target: 'demand' }] });
    expect(report.times[0]).toBe('2024-04-22 18:00');
    const inside = report.targets[0].lower.map(
      (low: number, h: number) => low < demand[594 + h] && demand[594 + h] < report.targets[0].upper[h],
    );
    expect(inside.filter(Boolean).length).toBeGreaterThan(3);
    const svg = readFileSync(join(cwd, 'out.svg'), 'utf8');
    for (const text of ['>history<', '>forecast, 95% interval<', '>actual<', 'time (2024)'])
      expect(svg).toContain(text);
    // The end of one file is not the end of another, so the same window gives the same forecast.
    const same = await forecast('predict', 'runs/demand', '--skip-last', '6', '--level', '0.95', '--json');
    expect(JSON.parse(same.stdout)).toEqual(report);
  });

  test('reads series as JSON, one per line', async () => {
    const rounded = Array.from(demand, (value) => Number(value.toFixed(2)));
    const all = [rounded, rounded.slice(0, 500)];
    file('series.jsonl', all.map((numbers) => `${JSON.stringify({ demand: numbers })}\n`).join(''));
    const [table, json, text] = await Promise.all([
      forecast('predict', 'runs/demand', '--json'),
      forecast('predict', 'runs/demand', 'series.jsonl', '--json-input', '--json'),
      forecast('predict', 'runs/demand', 'series.jsonl', '--json-input', '--skip-last', '590'),
    ]);
    const [first, second] = json.stdout
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line));
    expect(first).toEqual({ ...JSON.parse(table.stdout), times: null });
    expect(second.targets[0].values).not.toEqual(first.targets[0].values);
    expectComplaint({ ...text, stdout: '' }, 1, 'there are 10 rows before the forecast, the model reads 48');
  });

  test.concurrent.each([
    ['without the column', ['lost.csv'], "lost.csv: no column 'demand'; the columns are time, ahead"],
    ['with too few rows', ['short.csv'], 'short.csv: there are 20 rows before the forecast, the model reads 48'],
    ['that is not there', ['none.csv'], 'none.csv: there is no such file'],
    ['with a gap', ['gap.csv'], "gap.csv: line 4: column 'demand' has no number; --fill"],
    ['from before its beginning', ['demand.csv', '--skip-last', '9999'], 'there are 0 rows before the forecast'],
  ])('of a file %s is refused', async (_, args, message) => {
    expectComplaint(await forecast('predict', 'runs/demand', ...args), 1, message);
  });
});

describe('forecast eval', () => {
  test('compares the network with baselines on the test part', async () => {
    const { code, stdout } = await forecast('eval', 'runs/demand');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^20 forecasts of 6 steps, one every 6, from 2024-04-18 00:00; MASE relative to the value 24 steps before/,
    );
    for (const word of ['seasonal-naive', 'linear', 'gru', 'MASE', '80% coverage']) expect(stdout).toContain(word);
    const { scores } = JSON.parse((await forecast('eval', 'runs/demand', '--json')).stdout);
    const mae = Object.fromEntries(scores.map((one: { method: string; mae: number }) => [one.method, one.mae]));
    expect(mae.gru).toBeLessThan(mae['seasonal-naive'] * 1.5);
  });

  test('refuses a test part that is too short, and a season longer than the window', async () => {
    file('few.csv', table(lines.slice(0, 60)));
    expectComplaint(await forecast('eval', 'runs/demand', 'few.csv'), 1, 'the training part has 42 steps');
    expectComplaint(await forecast('eval', 'runs/demand', '--season', '99'), 2, '--season 99', 'reads 48');
    expectComplaint(await forecast('eval', 'runs/demand', '--test', '0'), 1, 'no rows are left for testing');
  });
});

describe('the spelling of a file', () => {
  /** A year of days, newest first, with commas between thousands. */
  const rows = Array.from({ length: 200 }, (_, i) => {
    const date = new Date(Date.UTC(2024, 0, 1) + (199 - i) * 86_400_000);
    const value = Math.round(1000 + 900 * Math.sin(i / 3)).toLocaleString('en-US');
    return `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()};${value};${i}`;
  });

  test('is found, printed, stored with the run, and used for ambiguous files', async () => {
    file('prices.csv', `Date;Close;n\n${rows.join('\n')}\n`);
    const trained = await forecast('train', 'prices.csv', ...small, '--horizon', '2', '--window', '4');
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toContain(
      "200 rows, 1 day apart by 'Date'; forecasts Close; left out: n (only counts the rows)",
    );
    expect(trained.stdout).toContain("Rows come newest first by 'Date'; they are read in the order of time");
    expect(trained.stdout).toContain("Dates in 'Date' are read as month/day/year");
    expect(trained.stdout).toMatch(/'\d,\d{3}' in column 'Close' is read as \d{4} \(otherwise: --decimal comma\)/);

    // Alone, neither dates nor numbers of this file are certain.
    file('few.csv', 'Date;Close\n1/2/2024;1,234\n1/3/2024;1,345\n1/4/2024;1,456\n1/5/2024;1,567\n');
    const { code, stdout, stderr } = await forecast('predict', 'runs/prices', 'few.csv', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { times, targets } = JSON.parse(stdout);
    expect(times).toEqual(['2024-01-06', '2024-01-07']);
    expect(targets[0].values[0]).toBeGreaterThan(500);
    const other = ['--date-order', 'dmy', '--decimal', 'comma'];
    const asked = JSON.parse((await forecast('predict', 'runs/prices', 'few.csv', '--json', ...other)).stdout);
    expect(asked.times).toEqual(['2024-06-01', '2024-07-01']);
    expect(asked.targets[0].values[0]).toBeLessThan(500);
  });

  test('is required for an ambiguous file, before a run folder exists', async () => {
    const days = [1, 2, 3, 4].map((day) => `01/0${day}/2024,${day * day}`);
    file('open.csv', `day,y\n${days.join('\n')}\n`);
    expectComplaint(await forecast('train', 'open.csv', '--out', 'open'), 1, 'open.csv: line', '--date-order');
    file('words.csv', 'day,y\n2024-01-01,much\n2024-01-02,more\n');
    expectComplaint(
      await forecast('train', 'words.csv', '--out', 'open'),
      1,
      "no column to forecast has numbers: day has '2024-01-01', y has 'much'",
    );
    expect(existsSync(join(cwd, 'open'))).toBe(false);
  });

  test('options by their earlier names are accepted, and a run that has them resumes', async () => {
    const old = await forecast(
      'train',
      'demand.csv',
      '--target',
      'demand',
      '--with',
      'ahead',
      ...small,
      '--steps',
      '5',
      '--out',
      'old',
    );
    expect(old).toMatchObject({ code: 0, stderr: expect.stringContaining('--with is now called --covariates') });
    const config = JSON.parse(readFileSync(join(cwd, 'old/config.json'), 'utf8'));
    const { covariates, ...rest } = config.options;
    file('old/config.json', JSON.stringify({ ...config, options: { ...rest, with: covariates } }));
    expect(await forecast('train', '--resume', 'old', '--steps', '8')).toMatchObject({ code: 0, stderr: '' });
    const ago = await forecast('predict', 'old', '--ago', '3');
    expect(ago).toMatchObject({ code: 0, stderr: expect.stringContaining('--ago is now called --skip-last') });
  });
});

describe('forecast train', () => {
  test('resumes from a checkpoint to the same bits', async () => {
    const options = ['--covariates', 'ahead', '--target', 'demand', '--output', 'quantiles', '--schedule', 'constant'];
    const args = ['train', 'demand.csv', '--horizon', '6', ...options, ...small];
    await Promise.all([forecast(...args, '--out', 'whole'), forecast(...args, '--out', 'half', '--steps', '25')]);
    const ended = await forecast('train', '--resume', 'half', '--steps', '60', '--threads', '1');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(tensorsOf(join(cwd, 'half'))).toEqual(tensorsOf(join(cwd, 'whole')));
    expect(readEvents(join(cwd, 'half')).at(-1)).toMatchObject({ type: 'done', step: 60, reason: 'finished' });
    expectComplaint(
      await forecast('predict', 'whole', '--level', '0.9'),
      1,
      'no interval of 0.9; it has 0.5, 0.8, 0.95',
    );
  });

  test('resumes with the intervals of its last validation', async () => {
    const args = ['train', 'demand.csv', '--target', 'demand', '--horizon', '6', ...small];
    await forecast(...args, '--keep-checkpoints', '--checkpoint-every', '5', '--steps', '5', '--out', 'kept');
    const stretched = (name: string): Json => {
      const bytes = readFileSync(join(cwd, 'kept', 'checkpoints', `${name}.safetensors`));
      return (decodeCheckpoint(bytes).model as { calibration: Json }).calibration;
    };
    const before = stretched('latest');
    expect(before).not.toEqual([1]);
    expect(await forecast('train', '--resume', 'kept', '--steps', '15')).toMatchObject({ code: 0, stderr: '' });
    expect(stretched('step-000010')).toEqual(before);
    expect(stretched('latest')).not.toEqual(before);
  });

  test('forecasts all columns with numbers, and draws each', async () => {
    const ended = await forecast('train', 'demand.csv', '--horizon', '3', ...small, '--steps', '5', '--out', 'both');
    expect(ended.stdout).toContain('forecasts demand, ahead; left out: sky');
    const { stdout } = await forecast('predict', 'both', '--plot', 'both.svg');
    expect(stdout).toContain('demand');
    for (const name of ['both-demand.svg', 'both-ahead.svg']) expect(existsSync(join(cwd, name))).toBe(true);
  });

  test.concurrent.each([
    [
      'a line that is no number',
      'bad-1.csv',
      'day,y\n2024-01-01,1\n2024-01-02,?x\n',
      "bad-1.csv: line 3: '?x' in column 'y' is not a number",
    ],
    [
      'a line with too few fields',
      'bad-2.csv',
      'day,y\n2024-01-01\n',
      'bad-2.csv: line 2 has 1 field, the first line 2',
    ],
    ['no rows', 'bad-3.csv', 'day,y\n', 'bad-3.csv: no rows below the first line'],
    ['nothing', 'bad-4.csv', '', 'bad-4.csv: the file is empty'],
    ['bytes', 'bad-5.csv', Uint8Array.of(1, 0, 2), 'bad-5.csv: it is a binary file'],
    ['too few rows', 'bad-6.csv', 'y\n1\n2\n3\n4\n5\n', 'bad-6.csv: 5 rows give'],
  ])('refuses a file with %s', async (_, name, content, message) => {
    file(name, content);
    expectComplaint(await forecast('train', name, '--out', 'never'), 1, message);
    expect(existsSync(join(cwd, 'never'))).toBe(false);
  });

  test('refuses options that cannot work', async () => {
    expectComplaint(await forecast('train', 'demand.csv', '--horizon', '0'), 2, '--horizon', 'from 1');
    expectComplaint(
      await forecast('train', 'demand.csv', '--out', 'never', '--window', '900'),
      1,
      'training part has 420 steps',
    );
    expectComplaint(await forecast('train', 'demand.csv', 'demand.csv', '--out', 'never'), 2, 'a series is one file');
    expectComplaint(await forecast('train'), 2, 'no series given');
  });
});

test('a run of another task is refused, with the command that uses it', async () => {
  expectComplaint(await unrolled(cwd, 'sample', 'runs/demand'), 1, "task 'forecast'", 'npx unrolled forecast predict');
});

test('a checkpoint outside its run forecasts from a named file', async () => {
  await forecast(
    'train',
    'demand.csv',
    '--target',
    'demand',
    '--horizon',
    '6',
    ...small,
    '--steps',
    '2',
    '--out',
    'gone',
  );
  renameSync(join(cwd, 'gone/checkpoints/best.safetensors'), join(cwd, 'alone.safetensors'));
  expect(await forecast('predict', 'alone.safetensors', 'demand.csv')).toMatchObject({ code: 0, stderr: '' });
  expectComplaint(await forecast('predict', 'alone.safetensors'), 2, 'it is not in a run folder');
});
