import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../errors.ts';
import { isFastText, parseFastText, parseJsonLines, parseTable } from './format.ts';
import type { LayoutOptions } from './layout.ts';

const liked = { label: 'pos', text: 'I liked it' };
const slept = { label: 'neg', text: 'I slept' };
const both = [liked, slept];
/** Lines of cells, as a table with tabs. */
const table = (...lines: readonly (readonly string[])[]): string => lines.map((cells) => cells.join('\t')).join('\n');
const more = [
  ['spam', 'you have won a prize'],
  ['ham', 'are you free at noon'],
  ['ham', 'see you there'],
  ['spam', 'cheap loans today'],
] as const;

interface Layout {
  readonly what: string;
  readonly table: string;
  readonly options?: LayoutOptions;
  /** Label and text of the first example. */
  readonly first: readonly [label: string, text: string];
  readonly examples: number;
  /** How it is said to have been read. */
  readonly about: string;
}

const layouts: readonly Layout[] = [
  {
    what: 'label, text',
    table: table(...more),
    first: more[0],
    examples: 4,
    about: 'label in column 1, text in column 2, no header',
  },
  {
    what: 'text, label',
    table: table(...more.map(([label, text]) => [text, label])),
    first: more[0],
    examples: 4,
    about: 'label in column 2, text in column 1, no header',
  },
  {
    what: 'label, text where nothing repeats: the label is the single word',
    table: table(['pos', 'I liked it'], ['neg', 'I slept']),
    first: ['pos', 'I liked it'],
    examples: 2,
    about: 'label in column 1, text in column 2, no header',
  },
  {
    what: 'a header of the usual names, in any order',
    table: table(['id', 'Sentiment', 'Review'], ['1', 'pos', 'I liked it'], ['2', 'neg', 'I slept']),
    first: ['pos', 'I liked it'],
    examples: 2,
    about: "label in 'Sentiment', text in 'Review', 'id' not used, line 1 names the columns",
  },
  {
    what: 'a header of unusual names, whose label occurs once',
    table: table(['v1', 'v2'], ...more),
    first: more[0],
    examples: 4,
    about: "label in 'v1', text in 'v2', line 1 names the columns",
  },
  {
    what: 'a header above labels that are numbers',
    table: table(['polarity', 'what people wrote'], ['1', 'so good'], ['0', 'so bad'], ['1', 'not bad'], ['4', 'mh']),
    first: ['1', 'so good'],
    examples: 4,
    about: "label in 'polarity', text in 'what people wrote', line 1 names the columns",
  },
  {
    what: 'a header above single words',
    table: table(['origin', 'surname'], ['de', 'Schmidt'], ['it', 'Rossi'], ['de', 'Meyer'], ['it', 'Bianchi']),
    first: ['de', 'Schmidt'],
    examples: 4,
    about: "label in 'origin', text in 'surname', line 1 names the columns",
  },
  {
    what: 'a first line with a text of its own is an example, even if its label occurs once',
    table: table(['eggs', 'nobody expects the Spanish Inquisition here'], ...more),
    first: ['eggs', 'nobody expects the Spanish Inquisition here'],
    examples: 5,
    about: 'label in column 1, text in column 2, no header',
  },
  {
    what: 'label, title, body: the texts are joined',
    table: table(
      ['1', 'Oil climbs again', 'Prices of crude oil rose on Monday for the third day.'],
      ['2', 'Cup final tonight', 'The two best teams of the season meet at eight.'],
      ['1', 'Bank cuts rates', 'The central bank lowered its rate by a quarter point.'],
      ['2', 'Runner breaks record', 'She was two seconds faster than anybody before her.'],
    ),
    first: ['1', 'Oil climbs again Prices of crude oil rose on Monday for the third day.'],
    examples: 4,
    about: 'label in column 1, text in column 2 and column 3 (joined), no header',
  },
  {
    what: 'title and body by name',
    table: table(['title', 'label', 'text'], ['Oil', 'a', 'it rose'], ['Cup', 'b', 'they won']),
    first: ['a', 'Oil it rose'],
    examples: 2,
    about: "label in 'label', text in 'title' and 'text' (joined), line 1 names the columns",
  },
  {
    what: 'ids, dates, numbers and constants are no texts and no labels',
    table: table(
      ...more.map(([label, text], i) => [
        `${7341 + i}`,
        label,
        `2024-03-0${i + 1} 10:00:05`,
        `0.${i}7`,
        'NO_QUERY',
        text,
      ]),
    ),
    first: more[0],
    examples: 4,
    about: 'label in column 2, text in column 6, column 1, column 3, column 4 and column 5 not used, no header',
  },
  {
    what: 'empty columns at the end, as spreadsheets leave them',
    table: table(['v1', 'v2', '', ''], ...more.map((cells) => [...cells, '', ''])),
    first: more[0],
    examples: 4,
    about: "label in 'v1', text in 'v2', column 3 and column 4 not used, line 1 names the columns",
  },
  {
    what: 'columns by number',
    table: table(['7', 'I liked it', 'pos'], ['8', 'I slept', 'neg']),
    options: { labelColumn: 3, textColumn: 2 },
    first: ['pos', 'I liked it'],
    examples: 2,
    about: 'label in column 3, text in column 2, column 1 not used, no header',
  },
  {
    what: 'columns by name',
    table: table(['a', 'b'], ['I liked it', 'pos'], ['I slept', 'neg']),
    options: { labelColumn: 'b', textColumn: 'a' },
    first: ['pos', 'I liked it'],
    examples: 2,
    about: "label in 'b', text in 'a', line 1 names the columns",
  },
  {
    what: 'several text columns that are chosen',
    table: table(...more.map(([label, text], i) => [`user${i}`, text, label])),
    options: { textColumn: [1, 2] },
    first: ['spam', 'user0 you have won a prize'],
    examples: 4,
    about: 'label in column 3, text in column 1 and column 2 (joined), no header',
  },
  {
    what: 'a header that is said to be none',
    table: table(['v1', 'v2'], ...more),
    options: { header: false },
    first: ['v1', 'v2'],
    examples: 5,
    about: 'label in column 1, text in column 2, no header',
  },
  {
    what: 'texts for a model: the column with its labels is the one, and line 1 an example with its label',
    table: table(['hello', 'ham'], ['the president spoke', 'news'], ['bye', 'ham']),
    options: { labels: ['ham', 'spam', 'news'] },
    first: ['ham', 'hello'],
    examples: 3,
    about: 'label in column 2, text in column 1, no header',
  },
  {
    what: 'the columns of the training data',
    table: table(['a', 'x', 'I liked it', 'good'], ['b', 'y', 'I slept', 'bad']),
    options: { usual: { label: 2, text: [3] }, header: false },
    first: ['x', 'I liked it'],
    examples: 2,
    about: 'label in column 2, text in column 3, column 1 and column 4 not used, no header',
  },
];

describe('a table of labelled texts', () => {
  test.each(layouts)('$what', ({ table, options, first: [label, text], examples, about }) => {
    const found = parseTable(table, options);
    expect(found.about).toBe(about);
    expect(found.examples[0]).toEqual({ label, text });
    expect(found.examples).toHaveLength(examples);
  });

  test('is read by its columns again as it was the first time', () => {
    for (const { table, options } of layouts) {
      const { examples, columns } = parseTable(table, options);
      const again = parseTable(table, { usual: columns!, header: options?.header });
      expect(again.examples).toEqual(examples);
    }
  });

  test('skips empty lines and counts them', () => {
    const { examples, lines } = parseTable('pos\tI liked it\r\n\nneg\tI slept\n');
    expect([examples, lines]).toEqual([both, [1, 3]]);
  });

  test('keeps quotes, and all else that is no tab', () => {
    expect(parseTable('pos\t"so, so" good').examples).toEqual([{ label: 'pos', text: '"so, so" good' }]);
  });

  const undecided: readonly [what: string, table: string, options: LayoutOptions, words: readonly string[]][] = [
    [
      'two columns could be the label',
      table(...more.map(([label, text], i) => [label, i % 2 ? 'web' : 'app', text])),
      {},
      ['column 1 (', 'or column 2 (', '--label-column 1 or --label-column 2'],
    ],
    [
      'a header names two columns of labels',
      table(['toxic', 'rude', 'said'], ...more.map(([label, text], i) => [`${i % 2}`, label, text])),
      {},
      ['column 1 (toxic: 0, 1)', 'column 2 (rude: ', '--label-column 1 or --label-column 2'],
    ],
    [
      'very many columns could be the label',
      table(...more.map(([label, text]) => [...Array.from({ length: 50 }, () => label), text])),
      {},
      ['--label-column 4, or 46 more'],
    ],
    [
      'nothing repeats and both columns are single words',
      table(['ham', 'hello'], ['news', 'speech']),
      {},
      ['--label-column 1 or --label-column 2'],
    ],
    [
      'the first line may be a header',
      table(['ham', 'hello'], ['news', 'the president spoke'], ['spam', 'WIN a prize now'], ['odd', 'one']),
      {},
      ['f, line 1: (ham, hello)', '--header yes or --header no'],
    ],
    [
      'two columns of single words could be the text',
      table(['a', 'x', 'p'], ['b', 'y', 'q'], ['a', 'z', 'r'], ['b', 'u', 's']),
      {},
      ['--text-column 2 or --text-column 3'],
    ],
    ['no column repeats', table(['a', 'b c d', 'e f g'], ['h', 'i j k', 'l m n']), {}, ['--label-column']],
    ['one column is chosen for both', table(...more), { labelColumn: 1, textColumn: 1 }, ['column 1']],
    ['a name is not there', table(['a', 'b']), { labelColumn: 'c' }, ["no column 'c'; the first line has a, b"]],
    ['a number is not there', table(['a', 'b']), { textColumn: 3 }, ["no column '3'; it has 2"]],
    ['there is one column', 'pos I liked it\nneg I slept', {}, ['a label and a text are needed']],
    ['a line lacks the text', 'pos\tI liked it\nneg', {}, ['f, line 2: it has 1 column, the text is in column 2']],
    [
      'a text has a tab in it',
      table(...more, ['ham', 'see', 'you']),
      {},
      ['f, line 5: it has 3 columns, the first line has 2'],
    ],
    ['a label is empty', `${table(...more)}\n\n\t no label`, {}, ['f, line 6: its label is empty']],
    ['a text is empty', 'pos\t ', {}, ['f, line 1: its text is empty']],
  ];
  test.each(undecided)('where %s it is refused', (_, given, options, words) => {
    const read = () => parseTable(given, { ...options, name: 'f' });
    expect(read).toThrow(DataError);
    for (const word of words) expect(read).toThrow(word);
  });

  test('is read or refused with a DataError, whatever it holds, and errors stay short', () => {
    const cells = fc.array(fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { maxLength: 4 }), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(cells, (lines) => {
        try {
          const { examples } = parseTable(table(...lines));
          for (const { label, text } of examples) expect(label !== '' && text !== '').toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
          expect((error as Error).message.length).toBeLessThan(600);
        }
      }),
    );
  });
});

describe('labelled texts as JSON lines', () => {
  test('have label and text, or another of the usual names; a number is a label', () => {
    const mixed = '{"label":"pos","text":"I liked it"}\n\n{"sentence":"I slept","label":"neg"}';
    expect(parseJsonLines(mixed)).toMatchObject({ examples: both, lines: [1, 3] });
    expect(parseJsonLines('{"label":1,"text":"x"}').examples).toEqual([{ label: '1', text: 'x' }]);
  });

  test('have a title and a body joined, or the keys that are chosen', () => {
    const line = '{"stars":5,"title":"Oil","body":"it rose","more":"and more"}';
    expect(parseJsonLines(line).examples).toEqual([{ label: '5', text: 'Oil it rose' }]);
    expect(parseJsonLines(line, { textColumn: 'more' }).examples).toEqual([{ label: '5', text: 'and more' }]);
    const usual = { label: 'more', text: ['title'] };
    expect(parseJsonLines(line, { usual }).examples).toEqual([{ label: 'and more', text: 'Oil' }]);
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

describe('the form of fastText', () => {
  test('has its label in front', () => {
    const text = '__label__food apples are good\n\n__label__car wheels turn\n';
    expect(isFastText(text)).toBe(true);
    expect(parseFastText(text)).toMatchObject({
      examples: [
        { label: 'food', text: 'apples are good' },
        { label: 'car', text: 'wheels turn' },
      ],
      lines: [1, 3],
      about: 'fastText labels',
    });
  });

  test('with several labels uses the first one, with a note', () => {
    const { examples, about } = parseFastText('__label__a __label__b x y\n__label__b z __label__c\n__label__a u');
    expect(examples.map(({ label, text }) => `${label}: ${text}`)).toEqual(['a: x y', 'b: z', 'a: u']);
    expect(about).toBe('fastText labels; 2 lines have several, of which the first is used');
  });

  test('is not any text', () => {
    expect(isFastText('')).toBe(false);
    expect(isFastText('North garden\n__label__ is the prefix\nCandle slow')).toBe(false);
  });

  test.each([
    ['__label__a x\nno label', 'f, line 2: it has no label'],
    ['__label__a', 'f, line 1: its text is empty'],
    ['__label__ x', 'f, line 1: it has no label'],
  ])('%j is an error that names the line', (text, words) => {
    expect(() => parseFastText(text, { name: 'f' })).toThrow(DataError);
    expect(() => parseFastText(text, { name: 'f' })).toThrow(words);
  });
});
