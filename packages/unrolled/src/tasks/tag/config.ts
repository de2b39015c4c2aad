import { ConfigError } from '../../errors.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import type { TagVocabulary } from './vocabulary.ts';

/** Sizes and kind of a tagger: plain data. */
export interface TaggerConfig {
  /** Name of the cell over the words, one of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units of each direction in each layer. */
  readonly hidden: number;
  /** L, recurrent layers over the words. */
  readonly layers: number;
  /** E, length of a word's vector; that of the given vectors, where there are. */
  readonly embedding: number;
  /** C, hidden units of each direction over the characters, and length of a character's vector; 0: words alone. */
  readonly characters: number;
  /** Rate of dropout on what the words' layers read, between them, and before the output. */
  readonly dropout: number;
  /** Whether a CRF chooses the tags of a sentence together; otherwise each is chosen by itself. */
  readonly crf: boolean;
}

/** Everything that makes the model besides its parameters. */
export interface TaggerDescription {
  readonly task: 'tag';
  readonly config: TaggerConfig;
  readonly vocabulary: TagVocabulary;
}

/** @throws ConfigError if a size or the rate is out of range */
export function checkConfig(config: TaggerConfig): void {
  const lowest = { hidden: 1, layers: 1, embedding: 1, characters: 0 } as const;
  for (const name of Object.keys(lowest) as (keyof typeof lowest)[]) {
    if (!Number.isInteger(config[name]) || config[name] < lowest[name]) {
      throw new ConfigError(`tag: ${name} must be a whole number from ${lowest[name]}, received ${config[name]}`);
    }
  }
  if (!(config.dropout >= 0 && config.dropout < 1)) {
    throw new ConfigError(`tag: dropout must be in [0, 1), received ${config.dropout}`);
  }
}
