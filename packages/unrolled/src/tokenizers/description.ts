import { flag, number, oneOf, whole } from '../checks.ts';
import { listOf, mismatch, objectOf, optional, type Schema, scalar, text } from '../schema.ts';
import type { SpecialTokens } from './special-tokens.ts';
import {
  type BytePairConfig,
  type SentencePieceConfig,
  spacePrefixes,
  type TokenizerConfig,
  type VocabularyConfig,
  type WordPieceConfig,
} from './tokenizer.ts';

const kindOf =
  <Kind extends string>(...kinds: readonly Kind[]): Schema<Kind> =>
  (value, place) => {
    const found = kinds.find((kind) => kind === value);
    if (found === undefined) throw mismatch(place, `a kind of tokenizer (${kinds.join(', ')})`, value);
    return found;
  };

const vocabulary = listOf(text, 1);
const id = scalar<number>(whole());
const special: { readonly [Name in keyof SpecialTokens]-?: Schema<SpecialTokens[Name]> } = {
  special: optional(listOf(text)),
  begin: optional(id),
  ends: optional(listOf(id)),
};
const [truth, words] = [optional(scalar<boolean>(flag)), optional(text)];

const bytePairs = objectOf<BytePairConfig>({
  kind: kindOf('bpe'),
  vocabulary,
  merges: listOf(text),
  splitDigits: truth,
  ...special,
});
const sentencePieces = objectOf<SentencePieceConfig>({
  kind: kindOf('sentencepiece'),
  vocabulary,
  merges: optional(listOf(text)),
  scores: optional(listOf(scalar<number>(number()))),
  unknown: optional(id),
  prefix: optional(scalar<(typeof spacePrefixes)[number]>(oneOf(spacePrefixes))),
  doublePrefix: truth,
  ...special,
});
const wordPieces = objectOf<WordPieceConfig>({
  kind: kindOf('wordpiece'),
  vocabulary,
  unknown: id,
  lowercase: truth,
  stripAccents: truth,
  splitChinese: truth,
  continuation: words,
  mostCharacters: optional(id),
  ...special,
});
const listed = objectOf<VocabularyConfig>({ kind: kindOf('char', 'word'), vocabulary });

const schemas = { bpe: bytePairs, sentencepiece: sentencePieces, wordpiece: wordPieces, char: listed, word: listed };

/** A tokenizer in a file. */
export const tokenizerConfig: Schema<TokenizerConfig> = (value, place) => {
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  const schema =
    typeof kind === 'string' && Object.hasOwn(schemas, kind) ? schemas[kind as keyof typeof schemas] : null;
  const read = (schema ?? listed)(value, place);
  requireIds(read, place);
  return read;
};

/** @throws FormatError if an id is none of the vocabulary's, or a special token is not in it */
function requireIds(config: TokenizerConfig, place: string): void {
  const {
    vocabulary: tokens,
    begin,
    unknown,
    ends = [],
    special: names = [],
  } = config as SpecialTokens & {
    readonly vocabulary: readonly string[];
    readonly unknown?: number;
  };
  const ids = { begin, unknown, ...Object.fromEntries(ends.map((end, i) => [`ends[${i}]`, end])) };
  for (const [name, one] of Object.entries(ids)) {
    if (one !== undefined && one >= tokens.length) {
      throw mismatch(`${place}.${name}`, `an id below ${tokens.length}`, one);
    }
  }
  const known = new Set(tokens);
  const missing = names.find((name) => !known.has(name));
  if (missing !== undefined) throw mismatch(`${place}.special`, 'tokens of the vocabulary', missing);
}
