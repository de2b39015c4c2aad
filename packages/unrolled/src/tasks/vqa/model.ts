import { DataError } from '../../errors.ts';
import { type Image, imageBatch } from '../../images/index.ts';
import { normaliseAnswer } from '../../metrics/answers.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import { embedding, reshape, transpose } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { Backbone, type BackboneDescription } from '../../vision/backbone.ts';
import { type WordVectors, wordIds } from '../../words/index.ts';
import { type ImageFeatureOptions, imageFeatures } from '../image-features.ts';
import { sentenceWords } from '../sentence-encoder.ts';
import { isImage, type View } from '../views.ts';
import { type AnswererConfig, type CompleteAnswererConfig, completeConfig } from './config.ts';
import type { ImageQuestion, QuestionVocabulary } from './data.ts';
import { type AnswererDescription, answererDescription } from './description.ts';
import { AnswerNetwork, type NetworkOutput, type ReadQuestions, type Sees } from './network.ts';
import { type Answer, type AnswerOptions, answerQuestions } from './predict.ts';
import { type QuestionType, typeFinder } from './question-types.ts';

/** What makes an answerer besides its parameters. */
export interface AnswererOptions {
  readonly config: AnswererConfig;
  /** The network that sees the image. Pretrained weights are set by `takeBackbone`. */
  readonly backbone: BackboneDescription;
  readonly vocabulary: QuestionVocabulary;
}

/** A question as the model reads it. */
export interface EncodedQuestion {
  readonly view: View;
  /** Ids of its words. */
  readonly words: readonly number[];
  /** Ids of the words of each choice. */
  readonly choices: readonly (readonly number[])[];
}

/** The model itself, and copies of it that know less: how much the image is worth is measured against these. */
export const networkNames = ['full', 'withoutImage', 'withoutQuestion', 'answersOnly'] as const;
export type NetworkName = (typeof networkNames)[number];

const knows: Readonly<Record<NetworkName, Sees>> = {
  full: { image: true, question: true },
  withoutImage: { image: false, question: true },
  withoutQuestion: { image: true, question: false },
  answersOnly: { image: false, question: false },
};

/**
 * Answers questions about images: a network sees the image (`Backbone`), a recurrent network reads the question, attention guided
 * by it looks at places of the image, and one of the K most frequent answers is chosen; or for each of several choices, whether
 * it is the answer.
 *
 * Data about images often gives answers away: most bananas are yellow. So two copies of the network are trained beside it, one that never
 * sees the image and one that never reads the question, and where choices are read a third that knows the choices alone. They share
 * nothing with it but what the network for images finds, whose training they do not change.
 *
 * Parameters: those of the network for images under `backbone.`, those of `AnswerNetwork` under `full.`, `withoutImage.`,
 * `withoutQuestion.`, `answersOnly.`.
 *
 * @example
 * const device = await openDevice();
 * const answerer = Answerer.load(device, bytes);           // the file of a checkpoint
 * const [{ answer }] = await answerer.predict([{ image: imageOf(video), question: 'what color is the car?' }]);
 */
export class Answerer {
  readonly device: Device;
  readonly config: CompleteAnswererConfig;
  readonly backbone: Backbone;
  readonly vocabulary: QuestionVocabulary;
  readonly parameters: Parameters;
  readonly networks: ReadonlyMap<NetworkName, AnswerNetwork>;
  /** The type of a question. */
  readonly typeOf: (question: string) => QuestionType;
  readonly #idOf: (word: string) => number;

  /** @throws ConfigError on a size, a rate or a name that cannot work, or a backbone without a feature map */
  constructor(
    device: Device,
    { config, backbone, vocabulary }: AnswererOptions,
    initial: number | SavedParameters = 1,
  ) {
    this.device = device;
    this.config = completeConfig(config);
    this.backbone = new Backbone(backbone);
    this.vocabulary = vocabulary;
    this.typeOf = typeFinder(vocabulary.types);
    this.#idOf = wordIds(vocabulary.words);
    const { given, answering } = this.config;
    const copies: readonly NetworkName[] =
      given !== 'both'
        ? []
        : ['withoutImage', 'withoutQuestion', ...(answering === 'binary' ? (['answersOnly'] as const) : [])];
    const full = { image: given !== 'question', question: given !== 'image' };
    const of = (sees: Sees) => new AnswerNetwork(this.config, sees, vocabulary.words, vocabulary.answers.length);
    this.networks = new Map<NetworkName, AnswerNetwork>([
      ['full', of(full)],
      ...copies.map((name): [NetworkName, AnswerNetwork] => [name, of(knows[name])]),
    ]);
    this.parameters = initialiseParameters(
      {
        build: (depth: number, declarations: Declarations) => {
          this.backbone.build(declarations);
          for (const [name, network] of this.networks) network.build(depth, declarations.within(name));
        },
      },
      this.backbone.depth,
      device,
      initial,
    );
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters; ConfigError if it cannot work
   */
  static from(
    device: Device,
    description: AnswererDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): Answerer {
    const { config, backbone, words, answers, types } = answererDescription(description, 'model');
    return new Answerer(
      device,
      { config: withCell(config, own), backbone, vocabulary: { words, answers, types } },
      initial,
    );
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): Answerer {
    return loadModel(source, 'vqa', (description, parameters) =>
      Answerer.from(device, description as AnswererDescription, own, parameters),
    );
  }

  describe(): AnswererDescription {
    const { config, backbone, vocabulary } = this;
    return { task: 'vqa', config, backbone: backbone.description, ...vocabulary };
  }

  /** Copies pretrained weights into the backbone, before training. @throws FormatError if one is missing, or of another shape */
  takeBackbone(weights: SavedParameters): void {
    this.backbone.take(this.parameters, weights);
  }

  /** Copies given vectors of words, before training. @returns how many trainable words have one */
  takeVectors(vectors: WordVectors): number {
    return [...this.networks.values()].map((network) => network.takeVectors(vectors))[0];
  }

  /** The features of images: for each L·D numbers, place after place. @throws the signal's reason if it is aborted */
  features(images: readonly Image[], options: ImageFeatureOptions = {}): Promise<Float32Array[]> {
    return imageFeatures(this.backbone, this.device, images, options);
  }

  /**
   * Answers questions; the answer to one does not depend on the others.
   * @throws ConfigError on an option out of range; DataError for a question without choices, where the model judges choices; the
   *   signal's reason if it is aborted
   */
  predict(questions: readonly ImageQuestion[], options: AnswerOptions = {}): Promise<Answer[]> {
    return answerQuestions(
      this,
      questions.map(({ image, ...question }) => ({ ...question, view: image })),
      options,
    );
  }

  /** The ids of the words of a text. */
  idsOf(text: string): readonly number[] {
    const ids = sentenceWords(text).map(this.#idOf);
    return ids.length === 0 ? [0] : ids;
  }

  /** @throws DataError for a question without choices, where the model judges choices */
  encode(view: View, question: string, choices: readonly string[] | undefined): EncodedQuestion {
    if (this.config.answering === 'softmax') return { view, words: this.idsOf(question), choices: [] };
    if (choices === undefined || choices.length === 0) {
      throw new DataError(
        `vqa: this model judges choices, and the question '${question.slice(0, 60)}' has none; give some`,
      );
    }
    const read = choices.map((choice) => this.idsOf(normaliseAnswer(choice)));
    return { view, words: this.idsOf(question), choices: read };
  }

  /**
   * Applies the networks to questions; an image that several are about is seen once.
   * @param names  which networks. Default: all
   * @throws DataError if features are not L·D numbers
   */
  apply(
    questions: readonly EncodedQuestion[],
    context: Context = inference,
    names: Iterable<NetworkName> = this.networks.keys(),
  ): Map<NetworkName, NetworkOutput> {
    const views = [...new Set(questions.map(({ view }) => view))];
    const rows = new Map(views.map((view, row) => [view, row]));
    const memory = this.#see(
      views,
      questions.map(({ view }) => rows.get(view)!),
      context,
    );
    const read: ReadQuestions = {
      memory,
      questions: questions.map(({ words }) => words),
      choices: questions.flatMap(({ choices }) => choices),
      owners: questions.flatMap(({ choices }, b) => choices.map(() => b)),
    };
    // What copies learn is none of the network's business that sees for the model.
    const apart = { ...read, memory: memory.detach() };
    return new Map(
      [...names].map((name) => [name, this.networks.get(name)!.apply(name === 'full' ? read : apart, context)]),
    );
  }

  /** What is seen, `[N, h, w, D]` or as many numbers, for each question: `[L, B, D]`. */
  #see(views: readonly View[], rows: readonly number[], context: Context): Tensor {
    const { places: L, depth: D } = this.backbone;
    const B = rows.length;
    const maps = this.#maps(views, context);
    const whole = rows.every((row, b) => row === b) && views.length === B;
    const own = whole ? maps : embedding(maps, this.device.ids([...rows]));
    return transpose(reshape(own, [B, L, D]), [1, 0, 2]);
  }

  /** `[N, L·D]` */
  #maps(views: readonly View[], context: Context): Tensor {
    const { places, depth, description } = this.backbone;
    const size = places * depth;
    if (views.every(isImage)) {
      const batch = imageBatch(views, description.preprocessing, this.device);
      return reshape(this.backbone.maps(batch, context), [views.length, size]);
    }
    const numbers = new Float32Array(views.length * size);
    for (const [i, view] of views.entries()) {
      if (isImage(view) || view.length !== size) {
        const received = isImage(view) ? 'an image among features' : `${view.length}`;
        throw new DataError(`vqa: an image has ${places} · ${depth} features, received ${received}`, { received });
      }
      numbers.set(view, i * size);
    }
    return this.device.tensor(numbers, [views.length, size]);
  }
}
