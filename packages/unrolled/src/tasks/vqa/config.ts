import { count, type Kinds, oneOf, required, requireOptions, whole } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import { stackKinds } from '../../train/description.ts';

export const fusions = ['product', 'sum', 'concat'] as const;
/** How what the question says, q, and what is seen, v, become one vector: q ⊙ v, q + v, or [q; v]. */
export type Fusion = (typeof fusions)[number];

export const answerings = ['softmax', 'binary'] as const;
/**
 * How an answer is found:
 *
 * - softmax: one of the K most frequent answers of the training data; of choices, the likeliest of these.
 * - binary: for each choice, whether image, question and answer go together, yes or no (Jabri 2016).
 */
export type Answering = (typeof answerings)[number];

export const senses = ['both', 'question', 'image'] as const;
/** What a model knows of a question about an image. */
export type Given = (typeof senses)[number];

/** Configuration of a model that answers questions about images: plain data. */
export interface AnswererConfig {
  /** Cell that reads the question: a name, your own definition, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units of each layer. */
  readonly hidden: number;
  readonly layers: number;
  /** E, the dimension of word vectors. */
  readonly embedding: number;
  /** Dropout rate of features and embeddings, between layers and before the output. */
  readonly dropout: number;
  /** Default 'softmax'. */
  readonly answering?: Answering | undefined;
  /** U, the width of question, places and answers where they meet. Default H. */
  readonly units?: number | undefined;
  /** How often the question guides attention over the places of the image (Yang 2016); 0: their mean. Default 1. */
  readonly attention?: number | undefined;
  /** A, the width of attention's hidden layer. Default: half of U, at least 1. */
  readonly attentionUnits?: number | undefined;
  /** Default 'product'. */
  readonly fusion?: Fusion | undefined;
  /** Units of a layer with relu before the output; 0: none. Default U. */
  readonly headHidden?: number | undefined;
  /** What it may use; with less than both, there are no copies of it to compare with. Default 'both'. */
  readonly given?: Given | undefined;
}

/** More would only be a damaged file. */
const most = 100;

export const answererKinds: Kinds<AnswererConfig> = {
  ...stackKinds,
  embedding: required(count),
  answering: oneOf(answerings),
  units: count,
  attention: whole({ from: 0, to: most }),
  attentionUnits: count,
  fusion: oneOf(fusions),
  headHidden: whole(),
  given: oneOf(senses),
};

/** A configuration with its defaults. */
export type CompleteAnswererConfig = {
  readonly [Name in keyof AnswererConfig]-?: NonNullable<AnswererConfig[Name]>;
};

/** The configuration with its defaults filled in. @throws ConfigError on an invalid size, rate or name */
export function completeConfig(config: AnswererConfig): CompleteAnswererConfig {
  requireOptions('vqa', config, answererKinds);
  const { cell, hidden, layers, embedding, dropout, answering = 'softmax', units = hidden } = config;
  const { given = 'both', fusion = 'product', headHidden = units } = config;
  const { attention = given === 'both' ? 1 : 0, attentionUnits = Math.max(1, units >> 1) } = config;
  if (attention > 0 && given !== 'both') {
    throw new ConfigError(
      `vqa: attention is guided by the question over the image, and the model is given '${given}'; leave it out`,
      { given, attention },
    );
  }
  const sizes = { cell, hidden, layers, embedding, dropout, units, attention, attentionUnits, headHidden };
  return { ...sizes, answering, fusion, given };
}
