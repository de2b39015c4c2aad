import { FormatError } from '../../errors.ts';
import type { WordPieceConfig } from '../tokenizer.ts';

export interface WordPieceFileOptions {
  /** Default true. */
  readonly lowercase?: boolean | undefined;
  /** Default: as `lowercase`. */
  readonly stripAccents?: boolean | undefined;
  /** Default true. */
  readonly splitChinese?: boolean | undefined;
}

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/**
 * BERT's tokenizer from its `vocab.txt`, a token on each line.
 * @param options  as `tokenizer_config.json` has them: `do_lower_case`, `strip_accents`, `tokenize_chinese_chars`
 * @throws FormatError if the file lacks a token that BERT needs
 */
export function wordPiecesFromFile(vocabulary: string, options: WordPieceFileOptions = {}): WordPieceConfig {
  const tokens = vocabulary.replace(/\r?\n$/, '').split(/\r?\n/);
  const idOf = (token: string): number => {
    const id = tokens.indexOf(token);
    if (id < 0)
      throw new FormatError(`vocab.txt: there is no token '${token}'; it is no vocabulary of BERT`, { token });
    return id;
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  return {
    kind: 'wordpiece',
    vocabulary: tokens,
    unknown: idOf('[UNK]'),
    special: special.filter((token) => tokens.includes(token)),
    begin: idOf('[CLS]'),
    ends: [idOf('[SEP]')],
    ...Object.fromEntries(given),
  };
}
