import { padSequences } from '../../data/padding.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import type { Parameters, SavedParameters } from '../../nn/parameters.ts';
import type { Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { dropRare, type WordVocabulary, wordIds, wordVocabulary } from '../../words/vocabulary.ts';
import { completeConfig, type NavigatorConfig } from './config.ts';
import { navigatorDescription } from './description.ts';
import { type FollowedRoute, navigatorLoss } from './loss.ts';
import { NavigatorNetwork, type Seen } from './network.ts';
import { actions, type Pose } from './pose.ts';
import { viewAt, viewSize } from './render.ts';
import { type Route, wordsOf } from './routes.ts';
import { type Kinds, kindsIn, sensesAt, sensesSize } from './senses.ts';
import type { World, WorldMap } from './world.ts';

/** Everything that makes a navigator besides its parameters. */
export interface NavigatorDescription {
  readonly task: 'navigate';
  readonly config: NavigatorConfig;
  readonly vocabulary: WordVocabulary;
  readonly kinds: Kinds;
  /** Some maps that it was trained on, in which it can be tried. */
  readonly maps: readonly WorldMap[];
}

/** Features, or the bytes of an image. */
export type Sight = readonly number[] | Uint8Array;

export type NavigatorKnowledge = Omit<NavigatorDescription, 'task' | 'config'>;

/**
 * Follows instructions through a map (Mei, Bansal & Walter 2016); `NavigatorNetwork` has the network.
 *
 * @example
 * const navigator = Navigator.load(device, bytes);
 * const [{ poses }] = await navigate([navigator], [{ world, start: { x: 3, y: 5, angle: 90 }, text: 'turn left' }]);
 */
export class Navigator {
  readonly config: Required<NavigatorConfig>;
  readonly vocabulary: WordVocabulary;
  readonly kinds: Kinds;
  readonly maps: readonly WorldMap[];
  readonly device: Device;
  readonly parameters: Parameters;
  readonly network: NavigatorNetwork;
  readonly #idOf: (word: string) => number;

  /** @throws ConfigError on a size, a rate or a name that cannot work */
  constructor(
    device: Device,
    { vocabulary, kinds, maps }: NavigatorKnowledge,
    config: NavigatorConfig,
    initial: number | SavedParameters = 1,
  ) {
    this.device = device;
    this.vocabulary = vocabulary;
    this.kinds = kinds;
    this.maps = maps;
    this.config = completeConfig(config);
    this.network = new NavigatorNetwork(this.config, vocabulary.words.length + 1);
    const shapes = { words: [-1, -1], views: [-1, ...this.#viewShape] };
    this.parameters = initialiseParameters(this.network, shapes, device, initial);
    this.#idOf = wordIds(vocabulary);
  }

  /** A model from its description. @throws FormatError if it is none, or does not fit the parameters */
  static from(
    device: Device,
    description: NavigatorDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): Navigator {
    const { config, ...rest } = navigatorDescription(description, 'model');
    return new Navigator(device, rest, withCell(config, own), initial);
  }

  /** Loads an exported model or a checkpoint. @throws FormatError if the file is damaged or of another task */
  static load(device: Device, source: ModelSource, own?: DefinedCell): Navigator {
    return loadModel(source, 'navigate', (description, parameters) =>
      Navigator.from(device, description as NavigatorDescription, own, parameters),
    );
  }

  describe(): NavigatorDescription {
    return { task: 'navigate', config: this.config, vocabulary: this.vocabulary, kinds: this.kinds, maps: this.maps };
  }

  /** The ids of the words of an instruction; 0 for words that training did not have. Never empty. */
  encode(text: string): number[] {
    const ids = wordsOf(text).map(this.#idOf);
    return ids.length > 0 ? ids : [0];
  }

  get #viewShape(): Shape {
    return this.config.view === 'image' ? [viewSize, viewSize, 3] : [sensesSize(this.kinds)];
  }

  /** What is seen at a pose, the same array for the same pose: features, or the bytes of an image. */
  see(world: World, pose: Pose): Sight {
    return this.config.view === 'image' ? viewAt(world, pose) : sensesAt(world, pose, this.kinds);
  }

  /**
   * What the decoder reads from what is seen and the last actions.
   * @param sights  one for each of the positions `shape`
   * @param last  ids of the last actions; −1: none
   */
  seen(sights: readonly Sight[], last: readonly number[], shape: Shape): Seen {
    const { device } = this;
    const places = new Map<Sight, number>();
    for (const sight of sights) if (!places.has(sight)) places.set(sight, places.size);
    const size = this.#viewShape.reduce((product, extent) => product * extent, 1);
    const values = new Float32Array(places.size * size);
    for (const [sight, place] of places) values.set(sight, place * size);
    const scaled = this.config.view === 'image' ? values.map((byte) => byte / 255) : values;
    return {
      views: device.tensor(scaled, [places.size, ...this.#viewShape]),
      which: device.ids(
        Int32Array.from(sights, (sight) => places.get(sight)!),
        shape,
      ),
      last: device.tensor(Float32Array.from(last.flatMap((id) => actions.map((_, a) => Number(a === id)))), [
        ...shape,
        actions.length,
      ]),
    };
  }

  /** Reads instructions, the ids of each. */
  read(instructions: readonly (readonly number[])[], context: Context = inference): Reading {
    const { wordCounts } = this.vocabulary;
    const { wordDropout } = this.config;
    const shown = instructions.map((ids) =>
      ids.map((id) =>
        context.training && wordDropout > 0 && context.random.uniform() < wordDropout
          ? 0
          : dropRare(id, wordCounts, context),
      ),
    );
    const { values, shape, lengths } = padSequences(shown);
    return this.network.read({ xs: this.device.ids(values, shape), lengths }, context);
  }

  /** The recorded mean loss an action, in nats. */
  loss(routes: readonly FollowedRoute[], context: Context): Tensor {
    return navigatorLoss(this, routes, context).loss;
  }
}

/** Maps that a model keeps. */
const keptMaps = 3;

/** What a navigator knows of its training data: the words, and the kinds of things in the maps. */
export const knowledgeOf = (maps: readonly WorldMap[], routes: readonly Route[]): NavigatorKnowledge => ({
  vocabulary: wordVocabulary(routes.map(({ text }) => wordsOf(text))),
  kinds: kindsIn(maps),
  maps: maps.slice(0, keptMaps),
});
