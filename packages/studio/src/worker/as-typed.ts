import { type Tokenizer, wordTokens } from 'unrolled/tokenizers';

/**
 * The tokens of a text as it has them: a word that the model does not know is still the reader's own word, and not `<unk>`.
 * @returns a piece for each id of `tokenizer.encode(text)`
 */
export function tokensAsTyped(tokenizer: Tokenizer, text: string): string[] {
  if (tokenizer.kind === 'word') return Array.from(wordTokens(text));
  const decode = tokenizer.decoder();
  return Array.from(tokenizer.encode(text), (id) => decode(id));
}
