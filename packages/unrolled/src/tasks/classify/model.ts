import { anything, count, requireOptions, shown } from '../../checks.ts';
import { padSequences } from '../../data/padding.ts';
import { ConfigError } from '../../errors.ts';
import { type Classification, classificationOf, labelIndex } from '../../metrics/label-predictions.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { Dropout } from '../../nn/dropout.ts';
import { Embedding } from '../../nn/embedding.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import { AttentionPooling, type Pooling, pool } from '../../nn/pooling.ts';
import { TwoWayReader } from '../../nn/two-way-reader.ts';
import { WordTable } from '../../nn/word-table.ts';
import { concat, slice } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { StopSignal } from '../../signal.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { createTokenizer } from '../../tokenizers/create.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { breathe } from '../../train/breathe.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { takeVectors, type WordVectors, type WordVocabulary } from '../../words/index.ts';
import { wordTableOptions } from '../../words/take-vectors.ts';
import type { ClassifierConfig, ClassifierDescription } from './config.ts';
import { classifierKinds } from './config.ts';
import { classifierDescription } from './description.ts';
import type { LabelledText } from './format.ts';
import type { Columns } from './layout.ts';
import { type ReadToken, readerFor, readIds, readTokens, type TextReader } from './text-reader.ts';

/** A token of a text. */
export interface TextToken {
  readonly text: string;
  /** Whether it is in the model's vocabulary. */
  readonly known: boolean;
}

export interface ClassifyOptions {
  /** Batch size; it changes the speed, not the result. Default 64. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/**
 * Many to one: a text → one of K labels.
 *
 *     x_t = embedding[id_t];   h_t = cells(x_t, h_{t−1});   v = pool(h_1 … h_T);   p = softmax((W v + b) / temperature)
 *
 * or the blocks of a Transformer in place of the cells. Parameters: `embedding.weight` [V, E] for a tokenizer's tokens, or those
 * of `WordTable` for words; those of `TwoWayReader`; `attention.*` with attention pooling; `output.weight` [K, 2H], `output.bias` [K].
 *
 * @example
 * const device = await openDevice();
 * const classifier = Classifier.load(device, await (await fetch('sentiment.safetensors')).arrayBuffer());
 * (await classifier.predict(['what a lovely film']))[0].label;   // 'positive'
 */
export class Classifier {
  readonly device: Device;
  readonly config: ClassifierConfig;
  /** What cuts texts into tokens: a tokenizer, or a vocabulary of words. */
  readonly tokenizer: Tokenizer | WordVocabulary;
  readonly labels: readonly string[];
  readonly parameters: Parameters;
  /** See `ClassifierDescription`; 1 until it is fitted. */
  temperature = 1;
  /** See `ClassifierDescription`. */
  columns: Columns | undefined;
  readonly #reader: TextReader;
  readonly #embedding: Embedding | WordTable;
  readonly #reading: TwoWayReader;
  readonly #dropout: Dropout;
  readonly #attention: AttentionPooling | null;
  readonly #output: Linear;

  /** @throws ConfigError on an unknown option, a value that cannot work, or fewer than two labels */
  constructor(
    device: Device,
    tokenizer: Tokenizer | WordVocabulary,
    labels: readonly string[],
    config: ClassifierConfig,
    initial: number | SavedParameters = 1,
  ) {
    requireOptions('classify', config, classifierKinds);
    if (new Set(labels).size < 2) {
      throw new ConfigError(`classify: at least two labels are needed, received ${shown(labels)}`);
    }
    this.device = device;
    this.config = config;
    this.tokenizer = tokenizer;
    this.labels = labels;
    const { embedding, dropout, pooling, transformer } = config;
    if (transformer && pooling === 'last') {
      throw new ConfigError(
        "classify: pooling 'last' is the summary of recurrent layers; a Transformer takes attention, mean or max",
      );
    }
    this.#reader = readerFor(tokenizer);
    this.#embedding =
      'further' in tokenizer
        ? new WordTable(wordTableOptions(tokenizer, embedding))
        : new Embedding({ vocabularySize: this.#reader.vocabularySize, dimension: embedding });
    this.#reading = new TwoWayReader(config);
    this.#dropout = new Dropout({ rate: dropout });
    this.#attention = pooling === 'attention' ? new AttentionPooling() : null;
    this.#output = new Linear({ units: labels.length });
    this.parameters = initialiseParameters(this, [-1, -1], device, initial);
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters
   */
  static from(
    device: Device,
    description: ClassifierDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): Classifier {
    const { config, tokenizer, labels, temperature, columns } = classifierDescription(description, 'model');
    const tokens = tokenizer.kind === 'words' ? tokenizer : createTokenizer(tokenizer);
    const model = new Classifier(device, tokens, labels, withCell(config, own), initial);
    model.temperature = temperature;
    model.columns = columns;
    return model;
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): Classifier {
    return loadModel(source, 'classify', (description, parameters) =>
      Classifier.from(device, description as ClassifierDescription, own, parameters),
    );
  }

  describe(): ClassifierDescription {
    const { config, tokenizer, labels, temperature, columns } = this;
    return {
      task: 'classify',
      config,
      tokenizer: 'further' in tokenizer ? { kind: 'words', ...tokenizer } : tokenizer.config,
      labels,
      ...(columns && { columns }),
      temperature,
    };
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const within = this.#embedding instanceof WordTable ? declarations : declarations.within('embedding');
    const embedded = this.#embedding.build(ids, within);
    const hidden = this.#reading.build(embedded, declarations);
    this.#attention?.build(hidden, declarations.within('attention'));
    return this.#output.build(hidden.slice(1), declarations.within('output'));
  }

  /**
   * Copies given vectors of words. Call it before training, on a model of words.
   * @returns how many words with a trainable vector have one
   * @throws ConfigError if the vectors have another length, or the model reads no words
   */
  takeVectors(vectors: WordVectors): number {
    const { tokenizer } = this;
    if (this.#embedding instanceof WordTable) return takeVectors(this.#embedding, tokenizer as WordVocabulary, vectors);
    throw new ConfigError('classify: word vectors need a model of words; make it with a word vocabulary');
  }

  /** T, the steps a text takes: its tokens, at most `maxLength`, and at least one. */
  lengthOf(text: string): number {
    return readIds(this.#reader, text, this.config.maxLength).length;
  }

  /** The tokens of a text that are read, at most `maxLength`: as the text has them, with the space before each. */
  tokensOf(text: string): TextToken[] {
    const { unknown } = this.#reader;
    const known = (token: ReadToken): TextToken => ({ text: token.text, known: token.id !== unknown });
    return readTokens(this.#reader, text, this.config.maxLength).map(known);
  }

  /** Whether tokens are whole words, rather than characters or parts of words. */
  get readsWords(): boolean {
    return this.#reader.readsWords;
  }

  /** The vectors of texts' tokens, `[T, B, E]`, and the length of each row. */
  embed(texts: readonly string[], context: Context = inference): { embedded: Tensor; lengths: readonly number[] } {
    const { maxLength } = this.config;
    const { values, shape, lengths } = padSequences(
      texts.map((text) => readIds(this.#reader, text, maxLength, context)),
    );
    return { embedded: this.#embedding.apply(this.device.ids(values, shape)), lengths };
  }

  /** Vectors of tokens `[T, B, E]` → logits `[B, K]`. */
  apply(embedded: Tensor, lengths: readonly number[], context: Context = inference): Tensor {
    const { pooling, bidirectional } = this.config;
    const outputs = this.#reading.apply({ xs: this.#dropout.apply(embedded, context), lengths }, context);
    const summary = (): Tensor => {
      if (this.#attention) return this.#attention.run(outputs, lengths).pooled;
      if (pooling !== 'last') return pool(pooling as Pooling, outputs, lengths);
      const last = pool('last', outputs, lengths);
      if (!bidirectional) return last;
      // The layer that reads from the end has its last state at the first token.
      const half = last.shape[1] / 2;
      return concat([slice(last, 1, 0, half), slice(outputs.at(0), 1, half)], -1);
    };
    return this.#output.apply(this.#dropout.apply(summary(), context));
  }

  /** Mean cross-entropy in nats. @throws DataError on a label the model does not have */
  loss(examples: readonly LabelledText[], context: Context = inference): Tensor {
    const { embedded, lengths } = this.embed(
      examples.map(({ text }) => text),
      context,
    );
    const targets = this.device.ids(examples.map(({ label }) => this.labelId(label)));
    return crossEntropyLoss(this.apply(embedded, lengths, context), targets);
  }

  /** @throws DataError if the model has no such label */
  labelId(label: string): number {
    return labelIndex('classify', this.labels, label);
  }

  /** Logits of texts, K for each, before the temperature. They do not depend on how texts are batched. */
  async logits(texts: readonly string[]): Promise<Float64Array[]> {
    const { device } = this;
    const flat = await device.read(() =>
      device.withoutGradients(() => {
        const { embedded, lengths } = this.embed(texts);
        return this.apply(embedded, lengths);
      }),
    );
    const K = this.labels.length;
    return texts.map((_, row) => Float64Array.from(flat.subarray(row * K, (row + 1) * K)));
  }

  /** The label of each text. @throws ConfigError on an option out of range; the signal's reason if it is aborted */
  async predict(texts: readonly string[], options: ClassifyOptions = {}): Promise<Classification[]> {
    requireOptions('classify', options, { batch: count, signal: anything });
    const { batch = 64, signal } = options;
    const found: Classification[] = [];
    for (let start = 0; start < texts.length; start += batch) {
      await breathe(signal);
      for (const row of await this.logits(texts.slice(start, start + batch)))
        found.push(classificationOf(row, this.labels, this.temperature));
    }
    return found;
  }

  /** As `predict`. */
  classify(texts: readonly string[], options: ClassifyOptions = {}): Promise<Classification[]> {
    return this.predict(texts, options);
  }
}
