import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import type { ModelFile } from '../../train/stored-model.ts';
import type { ConfigReader } from '../config.ts';
import type { ModelFolder, Weights } from '../folder.ts';

/** A published model, read. */
export interface PretrainedModel extends ModelFile {
  /** Such as 'GPT-2, 12 blocks of width 768'. */
  readonly what: string;
  /** What the user should know: what was left out. */
  readonly notes: readonly string[];
}

export interface LayoutInput {
  readonly config: ConfigReader;
  readonly weights: Weights;
  /** The tokenizer for a vocabulary of V tokens. @throws FormatError if the files have none */
  tokenizer(vocabularySize: number): TokenizerConfig;
  readonly folder: ModelFolder;
}

/** The names and shapes of a family of models, and what its configuration means. */
export type Layout = (input: LayoutInput) => PretrainedModel;
