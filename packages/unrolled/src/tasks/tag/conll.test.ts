import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../../errors.ts';
import { conllLayout, formatConll, parseConll, parseConllWords } from './conll.ts';

const ada = [
  { words: ['Ada', 'wrote'], tags: ['B-PER', 'O'] },
  { words: ['#FF', '#'], tags: ['O', 'O'] },
];

describe('a CoNLL file', () => {
  test.each([
    ['tabs', 'Ada\tB-PER\nwrote\tO\n\n#FF\tO\n#\tO\n'],
    ['spaces', 'Ada B-PER\nwrote O\n\n#FF O\n# O\n'],
    ['several spaces, and no line break at the end', 'Ada   B-PER\nwrote O \n\n#FF  O\n# O'],
    ['columns between', 'Ada NNP x B-PER\nwrote VBD x O\n\n#FF X x O\n# X x O\n'],
    ['line ends of Windows and a byte order mark', '\ufeffAda\tB-PER\r\nwrote\tO\r\n\r\n#FF\tO\r\n#\tO\r\n'],
    ['blank lines with spaces and tabs, and several', '\n \nAda\tB-PER\nwrote\tO\n\t\n\n#FF\tO\n#\tO\n\n\n'],
    ['documents', '-DOCSTART- -X- O\n\nAda B-PER\nwrote O\n-DOCSTART-\n#FF O\n# O\n'],
    ['a stray tab at the end of a line', 'Ada\tB-PER\t\nwrote\tO\n\n#FF\tO\n#\tO\t\t\n'],
    ['a stray tab in every line', 'Ada\tB-PER\t\nwrote\tO\t\n\n#FF\tO\t\n#\tO\t\n'],
    ['tabs in some lines and blanks in others', 'Ada\tB-PER\nwrote  O\n\n#FF\t O\n#\tO\n'],
    ['blanks first, then tabs', 'Ada B-PER\nwrote\tO\n\n#FF \tO\n# O\n'],
    ['comments', '# text = Ada wrote\nAda\tB-PER\nwrote\tO\n\n# newpar\n#FF\tO\n#\tO\n'],
  ])('with %s', (_, text) => expect(parseConll(text)).toEqual(ada));

  test('parseConll inverts formatConll', () => {
    expect(parseConll(formatConll(ada))).toEqual(ada);
  });

  test('has word and tag in the named columns, from the first or from the last', () => {
    const text = '1\tdogs\tdog\tNOUN\n2\tbark\tbark\tVERB\n';
    const expected = [{ words: ['dogs', 'bark'], tags: ['NOUN', 'VERB'] }];
    expect(parseConll(text, { word: 2, tag: 4 })).toEqual(expected);
    expect(parseConll(text, { word: -3, tag: -1 })).toEqual(expected);
  });

  test.each([
    ['both named', 'Ada\tO\n', { word: 2, tag: 1 }, { word: 2, tag: 1, kind: 'given' }],
    ['word first, tag last', 'Ada NNP B-PER\n', {}, { word: 1, tag: -1, kind: 'default' }],
    ['span labels first', 'B-PER Ada\nO met\n', {}, { word: -1, tag: 1, kind: 'tags first' }],
    ['span labels first, of BILOU', 'U-PER NNP Ada\nO VBD met\n', {}, { word: -1, tag: 1, kind: 'tags first' }],
    ['words that are all O', 'O O\n', {}, { word: 1, tag: -1, kind: 'default' }],
    ['words numbered', '1 Ada B-PER\n2 met O\n\n1 Bob B-PER\n', {}, { word: 2, tag: -1, kind: 'numbered' }],
    ['words that are numbers', '1 O\n2 O\n', {}, { word: 1, tag: -1, kind: 'default' }],
    ['the tag named, in the first column', 'X y Ada\n', { tag: 1 }, { word: -1, tag: 1, kind: 'given' }],
    ['the word named, in the last column', 'X y Ada\n', { word: 3 }, { word: 3, tag: 1, kind: 'given' }],
  ] as const)('has columns: %s', (_, text, options, layout) => {
    expect(conllLayout(text, options)).toEqual(layout);
  });

  test('has tags first where a column of two has far fewer different values', () => {
    const rows = Array.from({ length: 300 }, (_, i) => [`word${i}`, ['NOUN', 'VERB', 'ADJ'][i % 3]]);
    const write = (order: (row: string[]) => string[]) => rows.map((row) => `${order(row).join('\t')}\n`).join('');
    const sentences = parseConll(write((row) => row));
    expect(sentences[0].words[7]).toBe('word7');
    expect(conllLayout(write((row) => row.toReversed())).kind).toBe('tags first');
    expect(parseConll(write((row) => row.toReversed()))).toEqual(sentences);
  });

  test('refuses options it does not know', () => {
    expect(() => parseConll('a O\n', { words: 1 } as never)).toThrow(ConfigError);
    expect(() => parseConll('a O\n', { words: 1 } as never)).toThrow("did you mean 'word'?");
  });

  test('of CoNLL-U: words together and words that are not written are left out', () => {
    const line = (id: string, form: string, tag: string) => [id, form, '_', tag, ...Array(6).fill('_')].join('\t');
    const text = ['# sent_id = 1', line('1-2', "don't", '_'), line('1', 'do', 'AUX'), line('2', "n't", 'PART')];
    text.push(line('2.1', 'go', 'VERB'));
    const expected = [{ words: ['do', "n't"], tags: ['AUX', 'PART'] }];
    expect(parseConll(text.join('\n'), { word: 2, tag: 4 })).toEqual(expected);
    expect(parseConll(text.join('\n'))).toEqual(expected);
    expect(conllLayout(text.join('\n'))).toEqual({ word: 2, tag: 4, kind: 'CoNLL-U' });
  });

  test('may have words alone for parseConllWords', () => {
    expect(parseConllWords('Ada\nwrote\n\nagain\n')).toEqual([['Ada', 'wrote'], ['again']]);
    expect(parseConllWords('Ada\tO\n')).toEqual([['Ada']]);
    expect(parseConllWords('Ada\nwrote\n', { word: 2 })).toEqual([['Ada', 'wrote']]);
  });

  test.each([
    ['a line with fewer columns', 'Ada\tO\n\nwrote\n', 'my.conll: line 3 has 1 column, the first line of data has 2'],
    ['a line with more', 'Ada O\nwrote a O\n', 'my.conll: line 2 has 3 columns, the first line of data has 2'],
    ['no word', 'Ada\tO\n \tO\n', 'my.conll: line 2 has no word in column 1'],
    ['no tag', 'Ada\tO\nwrote\t\n', 'my.conll: line 2 has no tag in column 2'],
    ['words alone', 'Ada\nwrote\n', 'word and tag are both column 1 of 1'],
    ['nothing', '', 'no sentence'],
  ])('with %s is refused', (_, text, message) => {
    expect(() => parseConll(text, { name: 'my.conll' })).toThrow(message);
  });

  test('of any text has sentences of as many words as tags, or is refused', () => {
    const field = fc.constantFrom('Ada', 'B-PER', 'O', '1', '2', '1-2', '#', '_', '', ' ', '\ufeff');
    const separator = fc.constantFrom('\t', ' ', '\t\t', '  ', ' \t');
    const line = fc
      .tuple(fc.array(field, { maxLength: 4 }), separator)
      .map(([fields, between]) => fields.join(between));
    const text = fc.array(fc.oneof(line, fc.constantFrom('', '-DOCSTART- -X- O', '# newpar')), { maxLength: 8 });
    fc.assert(
      fc.property(text, fc.constantFrom('\n', '\r\n'), (lines, end) => {
        try {
          for (const { words, tags } of parseConll(lines.join(end))) {
            expect(words.length).toBe(tags.length);
            expect([...words, ...tags].every((value) => value.trim() !== '')).toBe(true);
          }
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('has no word that is a byte order mark alone', () => {
    expect(() => parseConll('1\tAda\tO\n2\t\ufeff\tO\n')).toThrow('line 2 has no word in column 2');
  });

  test.each([0, 3, -3, 1.5])('has no column %s', (word) => {
    expect(() => parseConll('Ada\tO\n', { word })).toThrow(`no column ${word}; the file has 2`);
  });
});
