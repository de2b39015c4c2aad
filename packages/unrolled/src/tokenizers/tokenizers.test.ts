import { Tokenizer as HuggingFace } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError, FormatError } from '../errors.ts';
import { Random } from '../random.ts';
import { BytePairTokenizer, huggingFaceTokenizer } from './byte-pair.ts';
import { byteAlphabet, piecesOf } from './bytes.ts';
import { createTokenizer, tokenizerFor, tokenizerKinds } from './create.ts';
import { tokenizerConfig } from './description.ts';
import { tokenizerFromHuggingFace, tokenizerFromLlama2c, wordPiecesFromFile } from './files/index.ts';
import { leaveOutUnknown } from './vocabulary.ts';

/** Sentences of a few syllables, with what makes tokenizers stumble in between. */
function makeText(words: number, seed: number): string {
  const random = new Random(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(items.length * random.uniform() ** 2)];
  const syllables = ['the', 'ra', 'in', 'ing', 'ed', 'sp', 'o', 'n', 'ä', '世', '界', '🙂', "'s", '12', '7', '-'];
  const gaps = [' ', ' ', ', ', '. ', '\n', '  ', '\n\n\t', ' "'];
  return Array.from({ length: words }, () =>
    [...Array.from({ length: 1 + random.below(3) }, () => pick(syllables)), pick(gaps)].join(''),
  ).join('');
}

const text = makeText(2000, 1);
const texts = [
  '',
  ' ',
  'the rain in spain',
  '  leading spaces\n\n\nand lines\r\n\ttabs   ',
  "don't you'll I've it's THEY'RE",
  '世界こんにちは、안녕하세요 Привет',
  '🙂🙃👩‍👩‍👧‍👦 🇩🇪 e\u0301',
  '\ufeffmark \u0000\u0007 null \u0085\u00a0\u2028',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  makeText(50, 2),
];
/** Any text that is one: without halves of surrogate pairs. */
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.constantFrom(...texts));

describe('byte pairs', () => {
  const tokenizer = tokenizerFor('bpe', text, 600) as BytePairTokenizer;

  test('write any text and give it back', () => {
    fc.assert(
      fc.property(anyText, (one) => {
        const ids = tokenizer.encode(one);
        expect(tokenizer.decode(ids)).toBe(one);
        const decode = tokenizer.decoder();
        expect(Array.from(ids, decode).join('')).toBe(one);
        expect(createTokenizer(JSON.parse(JSON.stringify(tokenizer.config))).encode(one)).toEqual(ids);
      }),
      { numRuns: 300 },
    );
  });

  test('have the ids that the same tokenizer.json gives in @huggingface/tokenizers', () => {
    const other = new HuggingFace(JSON.parse(JSON.stringify(huggingFaceTokenizer(tokenizer))), {
      clean_up_tokenization_spaces: false,
    });
    // That library takes JavaScript's white space, the published tokenizers Unicode's: see test/golden.
    const sameSpace = (one: string): boolean => !/[\ufeff\u0085]/.test(one);
    for (const one of [...texts.filter(sameSpace), text.slice(0, 5000)]) {
      const { ids } = other.encode(one);
      expect([...tokenizer.encode(one)]).toEqual(ids);
      if (one !== '') expect(other.decode(ids)).toBe(one);
    }
    fc.assert(
      fc.property(anyText.filter(sameSpace), (one) => {
        expect([...tokenizer.encode(one)]).toEqual(other.encode(one).ids);
      }),
      { numRuns: 300 },
    );
  });

  test('are trained by the definition: the most frequent pair first', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', ' ', 'é'), { maxLength: 60 }), fc.nat(12), (parts, more) => {
        const sample = parts.join('');
        const { vocabulary, merges } = (tokenizerFor('bpe', sample, 256 + more) as BytePairTokenizer).config;
        const [tokens, joined] = [[...byteAlphabet].sort(), [] as string[]];
        const words = piecesOf(sample).map((piece) =>
          Array.from(new TextEncoder().encode(piece), (byte) => byteAlphabet[byte]),
        );
        while (tokens.length < 256 + more) {
          const counts = new Map<string, number>();
          for (const word of words) {
            for (let i = 0; i + 1 < word.length; i++) {
              const pair = `${word[i]} ${word[i + 1]}`;
              counts.set(pair, (counts.get(pair) ?? 0) + 1);
            }
          }
          const order = (pair: string): number[] => pair.split(' ').map((token) => tokens.indexOf(token));
          const [best] = [...counts].sort(([a, m], [b, n]) => {
            const [[a0, a1], [b0, b1]] = [order(a), order(b)];
            return n - m || a0 - b0 || a1 - b1;
          });
          if (best === undefined || best[1] < 2) break;
          const [left, right] = best[0].split(' ');
          joined.push(best[0]);
          if (!tokens.includes(left + right)) tokens.push(left + right);
          for (const word of words) {
            for (let i = 0; i + 1 < word.length; i++) {
              if (word[i] === left && word[i + 1] === right) word.splice(i, 2, left + right);
            }
          }
        }
        expect({ vocabulary, merges }).toEqual({ vocabulary: tokens, merges: joined });
        // What was learnt on a text is what it is cut into.
        const own = createTokenizer({ kind: 'bpe', vocabulary, merges });
        expect(Array.from(own.encode(sample), (id) => vocabulary[id])).toEqual(words.flat());
      }),
    );
  });

  test('show a character when its last byte is there', () => {
    const bytes = new BytePairTokenizer({ kind: 'bpe', vocabulary: [...byteAlphabet].sort(), merges: [] });
    const decode = bytes.decoder();
    expect(Array.from(bytes.encode('a🙂'), decode)).toEqual(['a', '', '', '', '🙂']);
    expect(bytes.decode(bytes.encode('🙂').subarray(0, 3))).toBe('\ufffd');
  });

  test('take a word of a million letters', () => {
    const long = 'rain'.repeat(250_000);
    expect(tokenizer.decode(tokenizer.encode(long))).toBe(long);
  });

  test('find a token by its text', () => {
    expect(tokenizer.decode([tokenizer.idOf('\n')!])).toBe('\n');
    expect(tokenizer.idOf('no such token')).toBeNull();
  });

  test.each([
    [{ vocabulary: ['a'], merges: [] }, "lack 'Ā'"],
    [{ vocabulary: [...byteAlphabet], merges: ['a b'] }, "lack 'ab'"],
    [{ vocabulary: [...byteAlphabet], merges: ['a'] }, "lack ''"],
  ])('with a part missing are refused', (parts, words) => {
    expect(() => createTokenizer({ kind: 'bpe', ...parts })).toThrow(FormatError);
    expect(() => createTokenizer({ kind: 'bpe', ...parts })).toThrow(words);
  });
});

describe.each(tokenizerKinds)('%s', (kind) => {
  const tokenizer = tokenizerFor(kind, text);
  test('gives the text it was made for back, at once and token by token', () => {
    const known = kind === 'word' ? tokenizer.decode(tokenizer.encode(text)).replaceAll('<unk>', '') : text;
    const ids = tokenizer.encode(known);
    if (kind !== 'word') expect(tokenizer.decode(ids)).toBe(known);
    expect(Array.from(ids, tokenizer.decoder()).join('')).toBe(tokenizer.decode(ids));
    expect(tokenizer.size).toBe(tokenizer.vocabulary.length);
    expect(createTokenizer(JSON.parse(JSON.stringify(tokenizer.config))).encode(known)).toEqual(ids);
  });
});

describe('special tokens', () => {
  const vocabulary = [...byteAlphabet, 'he', '<|end|>', '<|end|>more', '<é ▁>', ''];
  const tokenizer = createTokenizer({
    ...{ kind: 'bpe', vocabulary, merges: ['h e'], special: ['<|end|>', '<|end|>more', '<é ▁>'], ends: [257] },
  });

  test('are recognised in a text, the longest first, and written as they are', () => {
    expect([...tokenizer.encode('he<|end|>he<|end|>more<é ▁>')]).toEqual([256, 257, 256, 258, 259]);
    expect(tokenizer.decode([256, 257, 258, 259, 260])).toBe('he<|end|><|end|>more<é ▁>');
    expect([tokenizer.begin, tokenizer.ends]).toEqual([null, [257]]);
  });

  test('that are not in the vocabulary are refused', () => {
    const config = { kind: 'bpe', vocabulary, merges: [], special: ['<s>'] };
    expect(() => tokenizerConfig(config, 'model.tokenizer')).toThrow('model.tokenizer.special must be tokens of the');
    expect(() => tokenizerConfig({ ...config, special: [], ends: [261] }, 'it')).toThrow(
      'ends[0] must be an id below 261',
    );
  });
});

describe('pieces with bytes', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const config = {
    kind: 'sentencepiece',
    vocabulary: [...bytes, '▁', 'a', 'b', 'ab', '▁ab', 'ba'],
    scores: [...bytes.map(() => 0), 0, 0, 0, -1, -3, -2],
  } as const;
  const tokenizer = createTokenizer(config);

  test('join the pair of the highest score first, the leftmost of equals', () => {
    const pieces = (text: string): string[] => Array.from(tokenizer.encode(text), (id) => tokenizer.vocabulary[id]);
    expect(pieces('abab')).toEqual(['▁ab', 'ab']);
    expect(pieces('bab')).toEqual(['▁', 'b', 'ab']);
  });

  test('write any text and give it back, at once and token by token; what continues a text keeps its space', () => {
    fc.assert(
      fc.property(anyText, (one) => {
        const known = one.replaceAll('▁', '_');
        const ids = tokenizer.encode(known);
        expect(tokenizer.decode(ids)).toBe(known);
        expect(Array.from(ids, tokenizer.decoder()).join('')).toBe(known);
        expect(Array.from(ids, tokenizer.decoder(true)).join('')).toBe(known === '' ? '' : ` ${known}`);
      }),
      { numRuns: 100 },
    );
  });

  test('hold an incomplete character back', () => {
    expect(Array.from(tokenizer.encode('🙂').subarray(1), tokenizer.decoder())).toEqual(['', '', '', '🙂']);
    expect(tokenizer.idOf('\n')).toBe(10);
  });

  test('need merges or scores that fit', () => {
    expect(() => createTokenizer({ ...config, scores: [1] })).toThrow('262 pieces have 1 scores');
    expect(() => createTokenizer({ ...config, scores: undefined })).toThrow('neither merges nor scores');
    expect(() => createTokenizer({ ...config, scores: undefined, merges: ['a c'] })).toThrow("lack 'c'");
  });
});

describe('files of tokenizers', () => {
  test('that are damaged or hold what is not read are refused by name', () => {
    expect(() => tokenizerFromHuggingFace('{')).toThrow('it is not JSON');
    const bpe = { model: { type: 'BPE', vocab: { a: 0 }, merges: [] } };
    const refused =
      (file: object): (() => unknown) =>
      () =>
        tokenizerFromHuggingFace(JSON.stringify(file));
    expect(refused({ model: { type: 'Unigram', vocab: { a: 0 } } })).toThrow("its model is 'Unigram'");
    expect(refused({ ...bpe, pre_tokenizer: { type: 'Split' } })).toThrow("pre-tokenizer has the step 'Split'");
    expect(refused({ model: { vocab: { a: 0, b: 0 }, merges: [] } })).toThrow("'a' and 'b' have the same id 0");
    expect(refused({ model: { vocab: { a: 5000 }, merges: [] } })).toThrow("'a' has the id 5000 among 1");
    expect(() => wordPiecesFromFile('a\nb\n')).toThrow("no token '[UNK]'");
    const file = Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 65);
    expect(() => tokenizerFromLlama2c(file)).toThrow('piece 0 has a length of 9');
    expect(() => tokenizerFromLlama2c(file.subarray(0, 9))).toThrow('piece 0 has no length');
  });
});

describe('words', () => {
  test('are the most frequent ones, with the space before them; the others are unknown', () => {
    const tokenizer = tokenizerFor('word', 'b a, b a. a b a b once', 4);
    expect(tokenizer.vocabulary).toEqual(['<unk>', ' a', ' b']);
    expect(tokenizerFor('word', 'b a, b a. a b a b once', 2).vocabulary).toEqual(['<unk>', ' a']);
    expect([...tokenizer.encode(' a once b')]).toEqual([1, 0, 2]);
    expect(tokenizer.unknown).toBe(0);
    expect([tokenizer.idOf(' a'), tokenizer.idOf('once')]).toEqual([1, null]);
  });
});

describe('characters', () => {
  test('outside of the vocabulary are refused by name, or left out', () => {
    const tokenizer = tokenizerFor('char', 'abc ');
    expect(() => tokenizer.encode('a€')).toThrow(DataError);
    expect(() => tokenizer.encode('a€')).toThrow("'€' (U+20AC) is not in the model's vocabulary of 4");
    expect(leaveOutUnknown(tokenizer, 'a€b€')).toEqual({ text: 'ab', leftOut: new Map([['€', 2]]) });
    for (const kind of ['word', 'bpe'] as const) {
      expect(leaveOutUnknown(tokenizerFor(kind, 'abc'), 'a€').text).toBe('a€');
    }
  });
});

test.each([
  [() => tokenizerFor('byte' as 'char', 'a'), "unknown kind 'byte'; use char, word, bpe"],
  [() => tokenizerFor('bpe', 'a', 255), "a vocabulary of 'bpe' has at least 256 tokens, received 255"],
  [() => tokenizerFor('word', 'a', 1), 'at least 2 tokens'],
  [() => tokenizerFor('char', 'a', 10), 'a vocabulary of 10 is for words and byte pairs'],
])('what cannot be is refused', (call, words) => {
  expect(call).toThrow(ConfigError);
  expect(call).toThrow(words);
});
