import { describe, expect, test } from 'vitest';
import { formatConll, parseConll, parseConllWords } from './conll.ts';

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
    ['comments', '# text = Ada wrote\nAda\tB-PER\nwrote\tO\n\n# newpar\n#FF\tO\n#\tO\n'],
  ])('with %s', (_, text) => expect(parseConll(text)).toEqual(ada));

  test('comes back from what formatConll wrote', () => {
    expect(parseConll(formatConll(ada))).toEqual(ada);
  });

  test('has word and tag in the columns that are named, from the first or from the last', () => {
    const text = '1\tdogs\tdog\tNOUN\n2\tbark\tbark\tVERB\n';
    const expected = [{ words: ['dogs', 'bark'], tags: ['NOUN', 'VERB'] }];
    expect(parseConll(text, { word: 2, tag: 4 })).toEqual(expected);
    expect(parseConll(text, { word: -3, tag: -1 })).toEqual(expected);
  });

  test('of CoNLL-U: words together and words that are not written are left out', () => {
    const line = (id: string, form: string, tag: string) => [id, form, '_', tag, ...Array(6).fill('_')].join('\t');
    const text = ['# sent_id = 1', line('1-2', "don't", '_'), line('1', 'do', 'AUX'), line('2', "n't", 'PART')];
    text.push(line('2.1', 'go', 'VERB'));
    expect(parseConll(text.join('\n'), { word: 2, tag: 4 })).toEqual([{ words: ['do', "n't"], tags: ['AUX', 'PART'] }]);
  });

  test('may have words alone, where no tags are asked for', () => {
    expect(parseConllWords('Ada\nwrote\n\nagain\n')).toEqual([['Ada', 'wrote'], ['again']]);
    expect(parseConllWords('Ada\tO\n')).toEqual([['Ada']]);
  });

  test.each([
    ['a line with fewer columns', 'Ada\tO\n\nwrote\n', 'my.conll: line 3 has 1 column, the first line of data has 2'],
    ['a line with more', 'Ada O\nwrote a O\n', 'my.conll: line 2 has 3 columns, the first line of data has 2'],
    ['no word', 'Ada\tO\n \tO\n', 'my.conll: line 2 has no word in column 1'],
    ['no tag', 'Ada\tO\nwrote\t\n', 'my.conll: line 2 has no tag in column 2'],
    ['words alone', 'Ada\nwrote\n', 'word and tag are both column 1 of 1'],
    ['nothing', '', 'there is no sentence'],
  ])('with %s is refused', (_, text, message) => {
    expect(() => parseConll(text, { name: 'my.conll' })).toThrow(message);
  });

  test.each([0, 3, -3, 1.5])('has no column %s', (word) => {
    expect(() => parseConll('Ada\tO\n', { word })).toThrow(`there is no column ${word}; the file has 2`);
  });
});
