import { FormatError } from '../errors.ts';
import {
  bytePairsFromFiles,
  tokenizerFromHuggingFace,
  tokenizerFromLlama2c,
  wordPiecesFromFile,
} from '../tokenizers/files/index.ts';
import type { SpecialTokens } from '../tokenizers/special-tokens.ts';
import type { TokenizerConfig } from '../tokenizers/tokenizer.ts';
import { type JsonObject, type ModelFolder, readJson } from './folder.ts';

/**
 * The tokenizer in a folder: `tokenizer.json`; GPT-2's two files, under either of their names; BERT's `vocab.txt`; or llama2.c's
 * `tokenizer.bin` or `tok512.bin`. What ends a text is also taken from the configuration of the model.
 * @param V  the tokens that the model has: a vocabulary of fewer is filled up
 * @throws FormatError if there is none, or it has more tokens than the model
 */
export function tokenizerIn(folder: ModelFolder, config: JsonObject, V: number): TokenizerConfig {
  const found = fromFiles(folder, V) ?? digits(V);
  if (found === null) {
    throw new FormatError(
      'tokenizer: the folder has none; expected tokenizer.json, vocab.json with merges.txt, encoder.json with vocab.bpe, ' +
        'vocab.txt or tokenizer.bin',
      { names: folder.names },
    );
  }
  const { length } = found.vocabulary;
  if (length > V) {
    throw new FormatError(`tokenizer: it has ${length} tokens, and the model ${V}; they are not of the same model`);
  }
  const vocabulary = [...found.vocabulary, ...new Array<string>(V - length).fill('')];
  const scores =
    'scores' in found && found.scores ? { scores: [...found.scores, ...new Array(V - length).fill(-1e9)] } : {};
  const marks = found.kind === 'char' ? {} : marksOf(folder, config, found as SpecialTokens, V);
  return { ...found, vocabulary, ...scores, ...marks } as TokenizerConfig;
}

function fromFiles(folder: ModelFolder, V: number): TokenizerConfig | null {
  const has = (...names: readonly string[]): boolean => names.every((name) => folder.names.includes(name));
  const text = (name: string): string => new TextDecoder().decode(folder.read(name));
  if (has('tokenizer.json')) return tokenizerFromHuggingFace(text('tokenizer.json'));
  if (has('vocab.json', 'merges.txt')) return bytePairsFromFiles(text('vocab.json'), text('merges.txt'));
  if (has('encoder.json', 'vocab.bpe')) return bytePairsFromFiles(text('encoder.json'), text('vocab.bpe'));
  if (has('vocab.txt')) {
    const options = has('tokenizer_config.json') ? readJson(folder, 'tokenizer_config.json') : {};
    const flag = (name: string): boolean | undefined =>
      typeof options[name] === 'boolean' ? options[name] : undefined;
    return wordPiecesFromFile(text('vocab.txt'), {
      lowercase: flag('do_lower_case'),
      stripAccents: flag('strip_accents'),
      splitChinese: flag('tokenize_chinese_chars'),
    });
  }
  const [binary] = [`tok${V}.bin`, 'tokenizer.bin'].filter((name) => has(name));
  return binary === undefined ? null : tokenizerFromLlama2c(folder.read(binary));
}

/** A model of a few numbers, such as minGPT's that sorts, reads and writes digits. */
const digits = (V: number): TokenizerConfig | null =>
  V <= 10 ? { kind: 'char', vocabulary: Array.from({ length: V }, (_, id) => String(id)) } : null;

/** What stands before and after a text, by the configuration where the tokenizer does not say. */
function marksOf(folder: ModelFolder, config: JsonObject, found: SpecialTokens, V: number): SpecialTokens {
  const more = folder.names.includes('generation_config.json') ? readJson(folder, 'generation_config.json') : {};
  const isId = (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < V;
  const ends = [found.ends, more.eos_token_id, config.eos_token_id].flat().filter(isId);
  const adds = folder.names.includes('tokenizer_config.json')
    ? readJson(folder, 'tokenizer_config.json').add_bos_token
    : undefined;
  const begin = found.begin ?? (adds === true && isId(config.bos_token_id) ? config.bos_token_id : undefined);
  return { ...(begin !== undefined && { begin }), ...(ends.length > 0 && { ends: [...new Set(ends)] }) };
}
