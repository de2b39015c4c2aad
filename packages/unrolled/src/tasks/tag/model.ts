import { anything, requireOptions, shown } from '../../checks.ts';
import { padSequences } from '../../data/padding.ts';
import { DataError } from '../../errors.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { LinearChainCrf } from '../../nn/crf.ts';
import { Dropout } from '../../nn/dropout.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import { sumOverTime } from '../../nn/lengths.ts';
import { Linear } from '../../nn/linear.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import { SpellingEncoder } from '../../nn/spelling-encoder.ts';
import { tagConstraints } from '../../nn/tag-constraints.ts';
import { TwoWayReader } from '../../nn/two-way-reader.ts';
import { type TagScores, viterbi } from '../../nn/viterbi.ts';
import { WordTable } from '../../nn/word-table.ts';
import { argmax, concat, embedding, scale, sum } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { StopSignal } from '../../signal.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { breathe } from '../../train/breathe.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import type { SupervisedModel } from '../../train/supervised.ts';
import { splitWords, takeVectors, type WordVectors } from '../../words/index.ts';
import { wordTableOptions } from '../../words/take-vectors.ts';
import { type TaggerConfig, type TaggerDescription, taggerKinds } from './config.ts';
import type { TaggedSentence } from './conll.ts';
import { taggerDescription } from './description.ts';
import { TagEncoder } from './encoder.ts';
import { type TaggedText, taggedText } from './tagged-text.ts';
import { inScheme, type TagVocabulary } from './vocabulary.ts';

export interface TagOptions {
  readonly signal?: StopSignal | undefined;
}

/** Most words of a batch at inference, padding included. */
const mostWords = 4096;

/**
 * A BiLSTM-CRF tagger (Lample 2016), with any cell: word vector and spelling → a bidirectional recurrent layer → a score for
 * each tag, `[T, B, K]`.
 *
 *     x_t = [word vector; spelling];   h_t = [→h_t; ←h_t];   emission_t = W h_t + b
 *     P(tags) = CRF(emissions), or without one Π_t softmax(emission_t)[tag_t]
 *
 * Unknown words share a vector, trained by replacing rare words with it at random. Pretrained vectors of words outside the
 * training sentences stay frozen. The tags of a sentence do not depend on what else is in the batch.
 *
 * In place of the recurrent layer there may be the blocks of a Transformer. Parameters: those of `WordTable`, `characters.…` as in
 * `SpellingEncoder`, those of `TwoWayReader`,
 * `output.weight` [K, 2H], `output.bias` [K], `crf.…` as in `LinearChainCrf`.
 *
 * @example
 * const device = await openDevice();
 * const tagger = Tagger.load(device, await (await fetch('names.safetensors')).arrayBuffer());
 * (await tagger.predict(['Ada Lovelace wrote to Babbage.']))[0].spans;   // [{ type: 'person', text: 'Ada Lovelace', … }, …]
 */
export class Tagger implements SupervisedModel<TaggedSentence> {
  readonly config: TaggerConfig;
  readonly vocabulary: TagVocabulary;
  readonly parameters: Parameters;
  readonly device: Device;
  readonly encoder: TagEncoder;
  readonly #words: WordTable;
  readonly #spelling: SpellingEncoder | null;
  readonly #dropout: Dropout;
  readonly #reading: TwoWayReader;
  readonly #output: Linear;
  readonly #crf: LinearChainCrf | null;

  /** @throws ConfigError on an unknown option, or a size out of range */
  constructor(device: Device, vocabulary: TagVocabulary, config: TaggerConfig, initial: number | SavedParameters = 1) {
    requireOptions('tagger', config, taggerKinds);
    const { dropout, characters } = config;
    const { tags, scheme } = vocabulary;
    this.device = device;
    this.vocabulary = vocabulary;
    this.config = config;
    this.encoder = new TagEncoder(vocabulary);
    this.#words = new WordTable(wordTableOptions(vocabulary, config.embedding));
    this.#spelling =
      characters > 0
        ? new SpellingEncoder({ vocabularySize: vocabulary.characters.length + 1, dimension: characters })
        : null;
    this.#dropout = new Dropout({ rate: dropout });
    this.#reading = new TwoWayReader({ ...config, bidirectional: true });
    this.#output = new Linear({ units: tags.length });
    const constraints = scheme === null ? undefined : tagConstraints(tags, scheme);
    this.#crf = config.crf ? new LinearChainCrf({ tags: tags.length, constraints }) : null;
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
    description: TaggerDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): Tagger {
    const saved = typeof initial === 'number' ? undefined : initial;
    const { config, vocabulary } = taggerDescription(description, 'model', saved);
    return new Tagger(device, vocabulary, withCell(config, own), initial);
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): Tagger {
    return loadModel(source, 'tag', (description, parameters) =>
      Tagger.from(device, description as TaggerDescription, own, parameters),
    );
  }

  describe(): TaggerDescription {
    const { config, vocabulary } = this;
    return { task: 'tag', config, vocabulary };
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const words = this.#words.build(ids, declarations);
    const spelling = this.#spelling?.build([-1, -1], declarations.within('characters')) ?? [0];
    const hidden = this.#reading.build([...ids, words.at(-1)! + spelling.at(-1)!], declarations);
    const emissions = [...ids, this.vocabulary.tags.length];
    this.#crf?.build({ emissions }, declarations.within('crf'));
    return this.#output.build(hidden, declarations.within('output'));
  }

  /** See `takeVectors` of `unrolled/words`. Before training. */
  takeVectors(vectors: WordVectors): number {
    return takeVectors(this.#words, this.vocabulary, vectors);
  }

  /** Scores of the tags, `[T, B, K]`; undefined beyond the end of a sentence. */
  emissions(sentences: readonly (readonly string[])[], context: Context = inference): Tensor {
    const { device } = this;
    const { words, places, shape, lengths, spellings } = this.encoder.encode(sentences, context);
    const parts = [this.#words.apply(device.ids(words, shape))];
    if (this.#spelling) {
      const { values, shape: padded, lengths } = spellings;
      const vectors = this.#spelling.apply({ xs: device.ids(values, padded), lengths }, context); // [W, 2C]
      parts.push(embedding(vectors, device.ids(places, shape)));
    }
    const read = this.#dropout.apply(concat(parts, -1), context); // [T, B, E + 2C]
    const outputs = this.#reading.apply({ xs: read, lengths }, context); // [T, B, 2H]
    return this.#output.apply(this.#dropout.apply(outputs, context));
  }

  /** −log P(tags) in nats, averaged over all words. @throws DataError on a tag the model does not have */
  loss(examples: readonly TaggedSentence[], context: Context): Tensor {
    const tags = examples.map((sentence) => this.encoder.requireTagIds(sentence));
    const emissions = this.emissions(
      examples.map(({ words }) => words),
      context,
    );
    const words = tags.reduce((total, { length }) => total + length, 0);
    return scale(sum(this.losses(emissions, tags)), 1 / words);
  }

  /** −log P(tags) of each sentence in nats, `[B]`; undefined for a sentence with a tag of −1. */
  losses(emissions: Tensor, tags: readonly (readonly number[])[]): Tensor {
    const { device } = this;
    const { values, shape, lengths } = padSequences(tags, { padding: -1 });
    const ids = (lowest: number): Tensor =>
      device.ids(
        values.map((id) => Math.max(lowest, id)),
        shape,
      );
    if (this.#crf) return this.#crf.negativeLogLikelihood(emissions, ids(0), lengths);
    return sumOverTime(crossEntropyLoss(emissions, ids(-1), { reduction: 'none' }));
  }

  /** What `decode` finds the most likely tags from, to be read from the device. */
  scores(emissions: Tensor): TagScores<Tensor> | { readonly best: Tensor } {
    return this.#crf?.scores(emissions) ?? { best: argmax(emissions) };
  }

  /** The most likely tags: of the sentence jointly with a CRF, otherwise of each word by itself, the first of equals. */
  decode(
    scores: TagScores<ArrayLike<number>> | { readonly best: ArrayLike<number> },
    lengths: readonly number[],
  ): string[][] {
    const { tags, scheme } = this.vocabulary;
    const ids = 'best' in scores ? rowsOf(scores.best, lengths) : viterbi(scores, lengths).tags;
    return ids.map((row) => [
      ...inScheme(
        row.map((id) => tags[id]),
        scheme,
      ),
    ]);
  }

  /** Tags sentences that are already split into words. @throws as `predict` */
  async tagWords(sentences: readonly (readonly string[])[], options: TagOptions = {}): Promise<string[][]> {
    requireOptions('tag', options, { signal: anything });
    if (!Array.isArray(sentences) || !sentences.every((words) => Array.isArray(words))) {
      throw new DataError(`tagWords: takes an array of arrays of words, received ${shown(sentences)}`);
    }
    const result: string[][] = sentences.map(() => []);
    const order = sentences.map((_, i) => i).filter((i) => sentences[i].length > 0);
    order.sort((a, b) => sentences[b].length - sentences[a].length);
    while (order.length > 0) {
      await breathe(options.signal);
      const batch = order.splice(0, Math.max(1, Math.floor(mostWords / sentences[order[0]].length)));
      const given = batch.map((i) => sentences[i]);
      const { device } = this;
      const scores = await device.read(() => device.withoutGradients(() => this.scores(this.emissions(given))));
      const found = this.decode(
        scores,
        given.map(({ length }) => length),
      );
      for (const [place, i] of batch.entries()) result[i] = found[place];
    }
    return result;
  }

  /**
   * Tags texts: each is one sentence, split by `splitWords`.
   * @throws DataError if `texts` is no array; ConfigError on an unknown option; the signal's reason if it is aborted
   */
  async predict(texts: readonly string[], options: TagOptions = {}): Promise<TaggedText[]> {
    if (!Array.isArray(texts)) throw new DataError(`tag: takes an array of texts, received ${shown(texts)}`);
    const words = texts.map(splitWords);
    const tags = await this.tagWords(
      words.map((list) => list.map(({ text }) => text)),
      options,
    );
    const marksSpans = this.vocabulary.scheme !== null;
    return texts.map((text, i) => taggedText(text, words[i], tags[i], marksSpans));
  }

  /** As `predict`. */
  tag(texts: readonly string[], options: TagOptions = {}): Promise<TaggedText[]> {
    return this.predict(texts, options);
  }
}

/** The rows of ids `[T, B]`. */
const rowsOf = (ids: ArrayLike<number>, lengths: readonly number[]): number[][] =>
  lengths.map((length, b) => Array.from({ length }, (_, t) => ids[t * lengths.length + b]));
