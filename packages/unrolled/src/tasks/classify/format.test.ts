import { describe, expect, test } from 'vitest';
import { DataError } from '../../errors.ts';
import { parseJsonLines, parseTable } from './format.ts';

const both = [
  { label: 'pos', text: 'I liked it' },
  { label: 'neg', text: 'I slept' },
];

describe('a table of labelled texts', () => {
  test('has the label first where nothing is said', () => {
    expect(parseTable('pos\tI liked it\r\n\nneg\tI slept\n')).toEqual(both);
  });

  test('has its columns by name where the first line names them, as sentiment files do', () => {
    expect(parseTable('sentence\tlabel\nI liked it \tpos\nI slept\tneg')).toEqual(both);
    expect(parseTable('id\tSentiment\tReview\n1\tpos\tI liked it\n2\tneg\tI slept')).toEqual(both);
  });

  test('has the columns that are said', () => {
    expect(parseTable('7\tI liked it\tpos\n8\tI slept\tneg', { labelColumn: 3, textColumn: 2 })).toEqual(both);
    expect(parseTable('a\tb\nI liked it\tpos\nI slept\tneg', { labelColumn: 'b', textColumn: 'a' })).toEqual(both);
  });

  test('keeps quotes, and all else that is no tab', () => {
    expect(parseTable('pos\t"so, so" good')).toEqual([{ label: 'pos', text: '"so, so" good' }]);
  });

  test.each([
    ['pos\tI liked it\nneg', 'f.tsv, line 2: there are 1 column(s)'],
    ['pos\tI liked it\n\n\t no label', 'f.tsv, line 3: its label is empty'],
    ['pos\t ', 'f.tsv, line 1: its text is empty'],
  ])('%j is an error that names the line', (table, words) => {
    expect(() => parseTable(table, { name: 'f.tsv' })).toThrow(DataError);
    expect(() => parseTable(table, { name: 'f.tsv' })).toThrow(words);
  });

  test('a column that is not there is an error that says which there are', () => {
    expect(() => parseTable('a\tb', { labelColumn: 'c' })).toThrow("no column 'c'; the first line has a, b");
    expect(() => parseTable('a\tb', { textColumn: 3 })).toThrow("no column '3'");
  });
});

describe('labelled texts as JSON lines', () => {
  test('have label and text, or another of the usual names; a number is a label', () => {
    expect(parseJsonLines('{"label":"pos","text":"I liked it"}\n\n{"sentence":"I slept","label":"neg"}')).toEqual(both);
    expect(parseJsonLines('{"label":1,"text":"x"}')).toEqual([{ label: '1', text: 'x' }]);
  });

  test.each([
    ['{"label":"a","text":"x"}\n{"label"', 'f, line 2: it is not JSON'],
    ['{"label":"a"}', 'f, line 1: it has no text'],
    ['null', 'f, line 1: it has no label'],
    ['{"label":"a","text":["x"]}', 'f, line 1: it has no text'],
  ])('%j is an error that names the line', (lines, words) => {
    expect(() => parseJsonLines(lines, { name: 'f' })).toThrow(DataError);
    expect(() => parseJsonLines(lines, { name: 'f' })).toThrow(words);
  });
});
