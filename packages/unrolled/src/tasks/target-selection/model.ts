import { padSequences } from '../../data/padding.ts';
import { DataError } from '../../errors.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import { activePositions } from '../../nn/lengths.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import type { Parameters, SavedParameters } from '../../nn/parameters.ts';
import { add, embedding, reshape, scale } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { dropRare, type WordVocabulary, wordIds, wordVocabulary } from '../../words/vocabulary.ts';
import { sentenceWords } from '../sentence-encoder.ts';
import { completeConfig, type TargetSelectorConfig } from './config.ts';
import { type TargetSelectorDescription, targetSelectorDescription } from './description.ts';
import { dotBatch } from './dots.ts';
import type { Game, Situation, Utterance } from './game.ts';
import { type ReadGames, TargetNetwork } from './network.ts';

/** The words of a dialogue, each utterance after its speaker: `<you>`, `<them>`. */
export const wordsOf = (utterances: readonly Utterance[]): string[] =>
  utterances.flatMap(({ speaker, text }) => [`<${speaker}>`, ...sentenceWords(text)]);

/** The words that training games have at least `minCount` times, by default 5. */
export function gameVocabulary(games: readonly Situation[], minCount = 5): WordVocabulary {
  const all = wordVocabulary(games.map(({ utterances }) => wordsOf(utterances)));
  const size = all.wordCounts.filter((times) => times >= minCount).length;
  return { ...all, words: all.words.slice(0, size), wordCounts: all.wordCounts.slice(0, size) };
}

/** A game in numbers. */
export interface EncodedGame extends Pick<Situation, 'dots'> {
  readonly ids: readonly number[];
  /** −1: not known. */
  readonly target: number;
}

export type GameLosses = {
  /** Of the dots that were chosen, per game, and of the words, per word, ends included; in nats. */
  readonly selection: Tensor;
  readonly language: Tensor;
  readonly words: number;
  /** [B, N] */
  readonly scores: Tensor;
};

/**
 * Chooses the dot that a dialogue between two players is about; `TargetNetwork` has the equations.
 *
 * @example
 * const selector = TargetSelector.load(device, bytes);
 * const [{ target }] = await selectTargets(selector, [{ dots, utterances: [{ speaker: 'them', text: 'the large dark one' }] }]);
 */
export class TargetSelector {
  readonly device: Device;
  readonly config: Required<TargetSelectorConfig>;
  readonly vocabulary: WordVocabulary;
  readonly network: TargetNetwork;
  readonly parameters: Parameters;
  readonly #idOf: (word: string) => number;

  /** @throws ConfigError on a size, a rate or a name that cannot work */
  constructor(
    device: Device,
    vocabulary: WordVocabulary,
    config: TargetSelectorConfig,
    initial: number | SavedParameters = 1,
  ) {
    this.device = device;
    this.vocabulary = vocabulary;
    this.config = completeConfig(config);
    this.network = new TargetNetwork(this.config, vocabulary.words.length + 1);
    this.parameters = initialiseParameters(this.network, null, device, initial);
    this.#idOf = wordIds(vocabulary);
  }

  /** A model from its description. @throws FormatError if it is none, or does not fit the parameters */
  static from(
    device: Device,
    description: TargetSelectorDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): TargetSelector {
    const { config, vocabulary } = targetSelectorDescription(description, 'model');
    return new TargetSelector(device, vocabulary, withCell(config, own), initial);
  }

  /** Loads an exported model or a checkpoint. @throws FormatError if the file is damaged or of another task */
  static load(device: Device, source: ModelSource, own?: DefinedCell): TargetSelector {
    return loadModel(source, 'target-selection', (description, parameters) =>
      TargetSelector.from(device, description as TargetSelectorDescription, own, parameters),
    );
  }

  describe(): TargetSelectorDescription {
    return { task: 'target-selection', config: this.config, vocabulary: this.vocabulary };
  }

  encode({ dots, utterances, target = -1 }: Situation & Partial<Game>): EncodedGame {
    return { dots, ids: wordsOf(utterances).map(this.#idOf), target };
  }

  /** Reads games. @param weights  whether to say which words each dot was chosen by */
  read(games: readonly EncodedGame[], context: Context = inference, weights = false): ReadGames {
    if (games.length === 0) throw new DataError('targetSelection: there are no games to read');
    const { wordCounts } = this.vocabulary;
    const rows = games.map(({ ids }) => [
      this.network.language.start,
      ...ids.map((id) => dropRare(id, wordCounts, context)),
    ]);
    const { values, shape, lengths } = padSequences(rows);
    const dots = dotBatch(
      games.map((game) => game.dots),
      this.device,
    );
    return this.network.read(dots, { ids: this.device.ids(values, shape), lengths }, context, weights);
  }

  losses(games: readonly EncodedGame[], context: Context = inference): GameLosses {
    const { device } = this;
    const { language } = this.network;
    const { scores, vectors } = this.read(games, context);
    const targets = padSequences(games.map(({ ids }) => [...ids, language.end]));
    const positions = activePositions(targets.lengths, targets.shape[0]);
    const [T, B, H] = vectors.shape;
    const active = embedding(reshape(vectors, [T * B, H]), device.ids(positions));
    const words = device.ids(Int32Array.from(positions, (at) => targets.values[at]));
    return {
      selection: crossEntropyLoss(scores, device.ids(games.map(({ target }) => target))),
      language: crossEntropyLoss(language.decoder.logits(active), words),
      words: positions.length,
      scores,
    };
  }

  /** The recorded loss that training minimises: that of the choice, and λ times that of the words. */
  loss(games: readonly EncodedGame[], context: Context): Tensor {
    const { dialogue, languageWeight } = this.config;
    const { selection, language } = this.losses(games, context);
    return dialogue && languageWeight > 0 ? add(selection, scale(language, languageWeight)) : selection;
  }
}
