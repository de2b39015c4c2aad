import { DataError } from '../../errors.ts';
import { imageBatch } from '../../images/batch.ts';
import type { Image } from '../../images/index.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import type { Parameters, SavedParameters } from '../../nn/parameters.ts';
import { EncoderDecoder, type Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { Backbone, type BackboneDescription } from '../../vision/backbone.ts';
import type { WordVocabulary } from '../../words/vocabulary.ts';
import { SentenceEncoder, sentenceVocabulary, sentenceWords } from '../sentence-encoder.ts';
import { completeConfig, type DialogueConfig, smallBackbone } from './config.ts';
import { type DialogueDescription, dialogueDescription } from './description.ts';
import type { Conversation } from './dialogue.ts';
import { DialogueEncoder, type DialogueRounds, type Source } from './network.ts';

/** What a dialogue agent knows of its training data. */
export type DialogueKnowledge = Pick<DialogueDescription, 'vocabulary' | 'longest'>;

/** What makes a dialogue agent besides its parameters. */
export interface DialogueAgentOptions extends DialogueKnowledge {
  readonly config: DialogueConfig;
  /** Default: a small network that learns with the model, for images of 48 × 48 pixels. */
  readonly backbone?: BackboneDescription | undefined;
}

/** A dialogue in ids: of its image, and of what was asked and answered, from the caption on, which is not answered. */
export interface EncodedDialogue {
  readonly image: Image;
  readonly questions: readonly (readonly number[])[];
  /** Without their ends; the last may be missing. */
  readonly answers: readonly (readonly number[])[];
}

/** What was read: one row for each round that is to be answered, and where it looked, K times `[N, L]`. */
export interface DialogueReading {
  readonly reading: Reading;
  readonly looks: readonly Tensor[];
}

/**
 * Answers questions about an image that build on what was said before (visual dialogue, Das 2017). `DialogueEncoder` has the
 * equations of what it reads; an `EncoderDecoder` writes the answer.
 *
 * @example
 * const agent = DialogueAgent.load(device, bytes);
 * const [{ answer }] = await answerQuestions(agent, [{ image, caption: '', turns: [], question: 'what is in the middle?' }]);
 */
export class DialogueAgent {
  readonly device: Device;
  readonly config: Required<DialogueConfig>;
  readonly backbone: Backbone;
  readonly vocabulary: WordVocabulary;
  readonly longest: number;
  readonly encoder: DialogueEncoder;
  readonly network: EncoderDecoder<DialogueRounds, null>;
  readonly parameters: Parameters;

  /** @throws ConfigError on a size, a rate or a name that cannot work, or a backbone without a feature map */
  constructor(
    device: Device,
    { config, backbone = smallBackbone(), vocabulary, longest }: DialogueAgentOptions,
    initial: number | SavedParameters = 1,
  ) {
    this.device = device;
    this.config = completeConfig(config);
    this.backbone = new Backbone(backbone);
    this.vocabulary = vocabulary;
    this.longest = longest;
    const { cell, hidden, layers, dropout, embedding } = this.config;
    const recurrent = { cell, hidden, layers, dropout };
    const sentences = new SentenceEncoder(vocabulary, { ...recurrent, embedding });
    this.encoder = new DialogueEncoder(this.config, this.backbone, sentences);
    this.network = new EncoderDecoder(this.encoder, {
      ...{ vocabularySize: vocabulary.words.length + 1, dimension: embedding, ...recurrent },
    });
    this.parameters = initialiseParameters(this.network, { source: null, targets: [-1, -1] }, device, initial);
  }

  /** A model from its description. @throws FormatError if it is none, or does not fit the parameters */
  static from(
    device: Device,
    description: DialogueDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): DialogueAgent {
    const { config, ...rest } = dialogueDescription(description, 'model');
    return new DialogueAgent(device, { ...rest, config: withCell(config, own) }, initial);
  }

  /** Loads an exported model or a checkpoint. @throws FormatError if the file is damaged or of another task */
  static load(device: Device, source: ModelSource, own?: DefinedCell): DialogueAgent {
    return loadModel(source, 'dialogue', (description, parameters) =>
      DialogueAgent.from(device, description as DialogueDescription, own, parameters),
    );
  }

  describe(): DialogueDescription {
    const { config, backbone, vocabulary, longest } = this;
    return { task: 'dialogue', config, backbone: backbone.description, vocabulary, longest };
  }

  /** Ids of words; 0 for those that training did not have. Never empty. */
  encode(text: string): readonly number[] {
    return this.encoder.sentences.idsOf(text);
  }

  /** The text of ids, as people write it. */
  decode(ids: readonly number[]): string {
    return joinWords(ids.map((id) => this.vocabulary.words[id - 1] ?? '?'));
  }

  /** @param question  a further question, which has no answer yet. Default: none */
  encodeDialogue(image: Image, { caption, turns }: Conversation, question?: string): EncodedDialogue {
    const asked = [caption, ...turns.map((turn) => turn.question), ...(question === undefined ? [] : [question])];
    const answered = turns.map(({ answer }) => this.encode(answer));
    return { image, questions: asked.map((text) => this.encode(text)), answers: [[0], ...answered] };
  }

  /**
   * Reads dialogues.
   * @throws DataError if there is none
   */
  read(
    dialogues: readonly EncodedDialogue[],
    { asked, without, context = inference }: ReadOptions = {},
  ): DialogueReading {
    if (dialogues.length === 0) throw new DataError('dialogue: there are no dialogues to read');
    const { device } = this;
    const B = dialogues.length;
    const R = Math.max(...dialogues.map(({ questions }) => questions.length));
    const texts = new Map<string, { readonly ids: readonly number[]; readonly place: number }>();
    const placesOf = (of: (dialogue: EncodedDialogue) => readonly (readonly number[])[]): number[] =>
      Array.from({ length: R * B }, (_, i) => {
        // An unknown word stands for nothing.
        const ids = of(dialogues[i % B])[Math.floor(i / B)] ?? [0];
        const key = ids.join(' ');
        const known = texts.get(key) ?? { ids, place: texts.size };
        texts.set(key, known);
        return known.place;
      });
    const questions = placesOf((dialogue) => dialogue.questions);
    const answers = placesOf((dialogue) => dialogue.answers);
    const rows = dialogues.flatMap(({ questions }, b) =>
      (asked ?? questions.map((_, r) => r).slice(1)).map(
        (round) => (round < 0 ? questions.length + round : round) * B + b,
      ),
    );
    const { looks, ...encoded } = this.encoder.read(
      {
        images: imageBatch(
          dialogues.map(({ image }) => image),
          this.backbone.description.preprocessing,
          device,
        ),
        rounds: R,
        texts: [...texts.values()].map(({ ids }) => ids),
        questions: device.ids(questions),
        answers: device.ids(answers),
        asked: device.ids(rows),
        without,
      },
      context,
    );
    return { reading: this.network.continue(encoded), looks };
  }
}

export interface ReadOptions {
  /** Rounds, from 1; −1 is the last. Default: all but the caption. */
  readonly asked?: readonly number[] | undefined;
  /** Hidden from a model that knows them. Default: none. */
  readonly without?: readonly Source[] | undefined;
  readonly context?: Context | undefined;
}

const joinWords = (words: readonly string[]): string => words.join(' ').replace(/ (?='|n't\b)/g, '');

export interface KnowledgeOptions {
  /** How often a word must be seen to be known. Default 1. */
  readonly minCount?: number | undefined;
}

/** The words of conversations, and how long their answers are. */
export function dialogueKnowledge(
  conversations: readonly Conversation[],
  { minCount = 1 }: KnowledgeOptions = {},
): DialogueKnowledge {
  const turns = conversations.flatMap((one) => one.turns);
  const texts = [...conversations.map(({ caption }) => caption), ...turns.flatMap((t) => [t.question, t.answer])];
  const all = sentenceVocabulary(texts);
  const size = all.wordCounts.filter((times) => times >= minCount).length;
  const longest = turns.reduce((most, { answer }) => Math.max(most, sentenceWords(answer).length + 1), 1);
  return {
    vocabulary: { ...all, words: all.words.slice(0, size), wordCounts: all.wordCounts.slice(0, size) },
    longest: Math.min(1000, longest),
  };
}
