import { flag, type Kinds, requireOptions } from '../../checks.ts';
import { hashText, mix32 } from '../../random.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import { evaluateTargets } from './evaluate.ts';
import { type Game, mirrored } from './game.ts';
import type { EncodedGame, TargetSelector } from './model.ts';
import { selectTargets } from './predict.ts';

export interface TargetTrainingOptions extends ExampleOptions<Game> {
  /** Whether half of the games, others each time, are seen in the mirror, with left and right exchanged. Default true. */
  readonly mirror?: boolean | undefined;
}

const kinds: Kinds<TargetTrainingOptions> = {
  ...(exampleKinds as Kinds<ExampleOptions<Game>>),
  mirror: flag,
};

/** A game, and what it is in the mirror. */
interface Item {
  readonly game: EncodedGame;
  readonly mirrored: EncodedGame;
}

/**
 * Trains a target selector on games, its choice and its language model together. The best checkpoint has the highest accuracy.
 * @throws DataError without games; ConfigError on an option that is unknown or out of range
 */
export function targetTraining(
  selector: TargetSelector,
  games: readonly Game[],
  options: TargetTrainingOptions,
): SupervisedTraining<Item> {
  requireOptions('targetTraining', options, kinds);
  const { validation = [], mirror = true, batch, seed, order } = options;
  const itemOf = (game: Game): Item => ({ game: selector.encode(game), mirrored: selector.encode(mirrored(game)) });
  const shown = validation.length > 0 ? validation : games;
  const model = {
    parameters: selector.parameters,
    describe: () => selector.describe(),
    loss: (items: readonly Item[], context: Parameters<TargetSelector['loss']>[1]) =>
      selector.loss(
        items.map(({ game }) => game),
        context,
      ),
  };
  return new SupervisedTraining<Item>(model, games.map(itemOf), {
    ...{ batch, seed, order, lengthOf: ({ game }) => game.ids.length },
    validation: validation.map(itemOf),
    vary: mirror
      ? (items, random) => items.map((item) => (random.uniform() < 0.5 ? { ...item, game: item.mirrored } : item))
      : undefined,
    async validate(_, signal) {
      const { loss, accuracy, perplexity } = await evaluateTargets(selector, validation, { signal });
      return { loss, metrics: { accuracy, ...(perplexity !== null && { perplexity }) }, cost: -accuracy };
    },
    async sample(step) {
      const game = shown[mix32(hashText(String(step), seed)) % shown.length];
      const [{ target, probabilities }] = await selectTargets(selector, [game]);
      const said = game.utterances.map(({ speaker, text }) => `${speaker}: ${text}`).join(' / ');
      const percent = (100 * probabilities[target]).toFixed(0);
      return `${said} → dot ${target + 1} (${percent}%), chosen by the player: ${game.target + 1}`;
    },
  });
}
