import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { showSpan } from '../src/hidden-units/span.ts';
import { expectComplaint, small, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

const words = ['tom met ann', 'ann sat', 'the man ran', 'tom ran to town'];
const said = ['oh my', 'no no no', 'we know', 'yes we all go'];
const speech = Array.from({ length: 500 }, (_, i) => `${words[(i * i) % 4]}\n"${said[(i * i + (i >> 2)) % 4]}" `).join(
  '',
);

beforeAll(async () => {
  file('speech.txt', speech);
  const run = ['train', 'speech.txt', '--out', 'run', ...small, '--steps', '400', '--cell', 'lstm', '--layers', '2'];
  expect(await unrolled(cwd, ...run)).toMatchObject({ code: 0, stderr: '' });
});

describe('units', () => {
  test('names the best unit for each property that changes in the text, and shows it', async () => {
    const ended = await unrolled(cwd, 'units', 'run', 'speech.txt');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^Read 1\d,\d{3} tokens of speech\.txt$/m);
    expect(ended.stdout).toMatch(/^property +unit +is +measure +held out +shifted +p$/m);
    for (const name of ['quotes', 'line-position', 'newline', 'word-length']) {
      expect(ended.stdout).toMatch(new RegExp(`^${name} +l[01]\\.[hc]\\.\\d+ +(high|low) +(AUC|correlation)`, 'm'));
    }
    // Nothing of these is in it.
    for (const name of ['comment ', 'depth', 'upper-case', 'if '])
      expect(ended.stdout).not.toMatch(new RegExp(`^${name}`, 'm'));
    expect(ended.stdout).toMatch(/^From token [\d,]+: l[01]\.[hc]\.\d+ for quotes, from -?[\d.]+ \(blank\) to/m);
    expect(ended.stdout).toContain('⏎');
    expect(ended.stdout).not.toContain('\u001b');
  });

  test('prints a table for each property that is named, cuts the best unit, and draws', async () => {
    const properties = ['--property', 'quotes', '--property', 'inside("t", "n")'];
    const ended = await unrolled(cwd, 'units', 'run', 'speech.txt', ...properties, '--cut', 'best', '--svg', 'a.svg');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('quotes: inside double quotes');
    expect(ended.stdout).toContain('inside("t", "n")\nIt holds at ');
    expect(ended.stdout.match(/^l\d\.[hc]\.\d+ +(high|low) +\d\.\d{3} +\d\.\d{3} +\d\.\d{3}$/gm)).toHaveLength(20);
    expect(ended.stdout).toMatch(/^With (l\d\.[hc]\.\d+) = 0: [\d.]+ nats per token instead of [\d.]+ \(/m);
    const picture = readFileSync(join(cwd, 'a.svg'), 'utf8');
    expect(picture).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(picture).toContain('Made by: npx unrolled units run speech.txt --property quotes --svg a.svg');
  });

  test('is still called cells, and its --span --stretch, with a hint', async () => {
    const options = ['--property', 'quotes', '--shuffles', '1', '--stretch', '20'];
    const ended = await unrolled(cwd, 'cells', 'run', 'speech.txt', ...options);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("'unrolled cells' is now called 'unrolled units'");
    expect(ended.stderr).toContain('--stretch is now called --span');
    expect(ended.stdout).toContain('From token');
  });

  test('--json has all of it as data', async () => {
    const options = ['--property', 'quotes', '--clamp', 'l0.h.3=0.5', '--clamp', 'l1.c.0=-1', '--top', '3', '--gates'];
    const ended = await unrolled(cwd, 'units', 'run', '--json', ...options, '--span', '50', '--length', '20');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(ended.stdout);
    expect(report).toMatchObject({ type: 'units', run: 'run', leftOut: {} });
    expect(report.searches).toHaveLength(1);
    expect(report.searches[0]).toMatchObject({ property: 'quotes', measure: 'auc', shuffles: 200 });
    expect(report.searches[0].units).toHaveLength(3);
    expect(report.searches[0].units[0].heldOut).toBeGreaterThan(0.8);
    expect(report.span.tokens).toHaveLength(50);
    expect(report.held.held).toEqual([
      { name: 'l0.h.3', value: 0.5 },
      { name: 'l1.c.0', value: -1 },
    ]);
    expect(report.held.loss.after).toBeGreaterThan(report.held.loss.before);
    expect([...report.held.text.after]).toHaveLength(20);
  });

  test.concurrent.each<[string, string[], number, string[]]>([
    ['no run', [], 2, ['run']],
    ['a run that is not there', ['nowhere'], 1, ['no such run']],
    ['a mistake in a property', ['run', '--property', 'inside("("'], 2, ['column 11', 'found the end']],
    ['a property that is none', ['run', '--property', 'quote-marks'], 2, ['quote-marks', 'line-position']],
    ['a property that never holds', ['run', '--property', 'comment'], 1, ["'comment' is 0 everywhere"]],
    ['a text that is too short', ['run', 'short.txt', '--property', 'quotes'], 1, ['needs 50']],
    ['a clamp without a number', ['run', '--clamp', 'l0.h.1'], 2, ['--clamp', 'l1.h.17=0.5']],
    ['a unit with a wrong name', ['run', 'speech.txt', '--cut', 'best-unit'], 1, ['best-unit', 'l1.h.17']],
    ['a unit that does not exist', ['run', 'speech.txt', '--cut', 'l0.h.99'], 1, ['units 0 to 15, received 99']],
    ['a layer that does not exist', ['run', 'speech.txt', '--cut', 'l2.h.0'], 1, ['no layer 2']],
    ['a gate to hold', ['run', 'speech.txt', '--cut', 'l0.f.0'], 2, ['only units of the state', 'h and c']],
    ['a picture of nothing', ['run', 'speech.txt', '--span', '0', '--svg', 'x.svg'], 2, ['--svg']],
    ['a picture in a place that is none', ['run', 'speech.txt', '--svg', 'no/x.svg'], 1, ['no/x.svg']],
    ['a prompt it cannot read', ['run', 'speech.txt', '--cut', 'best', '--prompt', 'Ω'], 1, ["'Ω'"]],
  ])('refuses %s', async (_, args, code, words) => {
    file('short.txt', '"oh my" tom ran');
    const few = args.length > 1 && !args.includes('--property') ? ['--property', 'quotes', '--shuffles', '1'] : [];
    expectComplaint(await unrolled(cwd, 'units', ...args, ...few), code, ...words);
  });
});

test('a span of text is coloured or shaded; its control characters are escaped', () => {
  const tokens = [...'a\n\u001b[31mb\u0007'].map((piece, i) => ({ piece, values: [i] }));
  const plain = showSpan(tokens, 1, 80, false);
  expect(plain.split('\n')[0]).toBe('a⏎');
  expect(stripVTControlCharacters(plain).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  const coloured = showSpan(tokens, -1, 80, true);
  expect(coloured).toContain('\u001b[48;2;253;231;37;38;2;0;0;0ma\u001b[0m');
  expect(stripVTControlCharacters(coloured).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(showSpan(tokens, 1, 2, false).split('\n').length).toBeGreaterThan(6);
  expect(showSpan([], 1, 80, false)).toBe('');
});
