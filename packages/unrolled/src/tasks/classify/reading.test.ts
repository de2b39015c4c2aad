import { describe, expect, test } from 'vitest';
import { chooseReading } from './reading.ts';

describe('how texts are read', () => {
  test.each([
    ['single words', ['Schmidt', 'Rossi', 'van Dijk', 'Meyer'], 'char', 'one word'],
    ['names of two words', ['Ada Lovelace', 'Alan Turing', 'Grace Brewster Hopper'], 'char', 'two words'],
    ['sentences', ['so good', 'a film that nobody needs', 'it is just about fine'], 'word', 'median 5'],
    [
      'sentences without spaces',
      ['这部电影很好看', '我不喜欢这个故事', 'とても 面白い 映画 です'],
      'char',
      'without spaces',
    ],
    ['no texts', [], 'char', 'one word'],
  ])('%s', (_, texts, tokens, why) => {
    const found = chooseReading(texts);
    expect(found.tokens).toBe(tokens);
    expect(found.why).toContain(why);
  });
});
