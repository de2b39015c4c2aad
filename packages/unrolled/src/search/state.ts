import { flag, number, text as textKind, whole } from '../checks.ts';
import { FormatError } from '../errors.ts';
import { readNamed } from '../nn/parameters.ts';
import type { Random } from '../random.ts';
import { listOf, nullable, objectOf, type Schema, scalar } from '../schema.ts';
import type { Checkpoint } from '../train/checkpoint.ts';
import type { Controller } from './controller.ts';
import type { Evaluator, Measures } from './evaluator.ts';
import { type Choices, keyOf, requireChoices, type SearchMethod, type SearchSpace } from './space.ts';

/** A candidate that was evaluated. */
export interface Scored {
  /** From 1, in the order in which candidates were drawn. */
  readonly number: number;
  /** From 1. */
  readonly round: number;
  readonly choices: Choices;
  readonly reward: number;
  readonly measures: Measures;
}

/** A moving mean of rewards, and of their squared distance to it. */
export interface Baseline {
  readonly mean: number;
  readonly variance: number;
}

/** What a search knows between two rounds, besides the controller: plain data. */
export interface SearchState {
  readonly round: number;
  /** Candidates evaluated so far. */
  readonly evaluated: number;
  /** Rounds in a row that drew nothing new. */
  readonly stale: number;
  readonly baseline: Baseline | null;
  /** In the order of their numbers. */
  readonly scored: readonly Scored[];
  /** Candidates of the next round that are done, where it was interrupted. */
  readonly pending: readonly Scored[];
}

export const firstState: SearchState = { round: 0, evaluated: 0, stale: 0, baseline: null, scored: [], pending: [] };

const wholeNumber = scalar<number>(whole());
const finite = scalar<number>(number());
const measures: Schema<Measures> = (value, place) => {
  const all = Object.entries((value ?? {}) as Record<string, unknown>);
  const single = scalar<number | boolean | string>({
    must: 'a number, true, false or a text',
    fits: (one) => number().fits(one) || flag.fits(one) || textKind.fits(one),
  });
  return Object.fromEntries(all.map(([name, one]) => [name, single(one, `${place}.${name}`)]));
};
const scoredSchema = objectOf<Scored>({
  ...{ number: wholeNumber, round: wholeNumber, choices: listOf(wholeNumber), reward: finite, measures },
});
const stateSchema = objectOf<SearchState>({
  round: wholeNumber,
  evaluated: wholeNumber,
  stale: wholeNumber,
  baseline: nullable(objectOf<Baseline>({ mean: finite, variance: finite })),
  scored: listOf(scoredSchema),
  pending: listOf(scoredSchema),
});

/** What a checkpoint says of the search that it is of. */
interface Described {
  readonly task: 'search';
  readonly space: string;
  readonly decisions: number;
  readonly method: SearchMethod;
}

const described = (space: SearchSpace, method: SearchMethod): Described => ({
  ...{ task: 'search', space: space.name, decisions: space.decisions.length, method },
});

/** Everything a search resumes from, in the form of a training run's checkpoint; its step is the round. */
export async function searchCheckpoint(
  space: SearchSpace,
  method: SearchMethod,
  controller: Controller | null,
  evaluator: Evaluator,
  random: Random,
  state: SearchState,
  secondsElapsed: number,
): Promise<Checkpoint> {
  const [parameters, optimizer, carried] = await Promise.all([
    controller?.parameters.save() ?? {},
    readNamed(controller?.optimizer.memory ?? {}),
    readNamed(evaluator.save?.() ?? {}),
  ]);
  const none = { validationLoss: null, bestValidationLoss: null, sinceProgress: { loss: 0, clipped: 0, steps: 0 } };
  const trainer = { step: state.round, secondsElapsed, random: random.state, ...none };
  return { parameters, optimizer, carried, trainer, task: { ...state } as never, model: described(space, method) };
}

/** Continues from a checkpoint. @throws FormatError if it is of another search */
export function restoreSearch(
  checkpoint: Checkpoint,
  space: SearchSpace,
  method: SearchMethod,
  controller: Controller | null,
  evaluator: Evaluator,
): SearchState {
  const expected = described(space, method);
  const found = checkpoint.model as Partial<Described>;
  const odd = (Object.keys(expected) as (keyof Described)[]).find((name) => found[name] !== expected[name]);
  if (odd !== undefined) {
    throw new FormatError(
      `resume: the checkpoint is of a search with ${odd} '${String(found[odd])}', this one has '${expected[odd]}'`,
      { received: found[odd], expected: expected[odd] },
    );
  }
  const state = stateSchema(checkpoint.task, 'resume: the state of the search');
  for (const { choices } of [...state.scored, ...state.pending]) requireChoices(space, choices);
  if (controller) {
    controller.parameters.load(checkpoint.parameters);
    for (const [name, tensor] of Object.entries(controller.optimizer.memory)) {
      const kept = checkpoint.optimizer[name];
      if (kept?.data.length !== tensor.size)
        throw new FormatError(`resume: the checkpoint lacks the optimizer's '${name}'`);
      tensor.device.backend.write(tensor, kept.data);
    }
    controller.optimizer.resumeAt(state.round);
  }
  evaluator.restore?.(checkpoint.carried);
  return state;
}

/** The best candidates, each architecture once with its last reward. @param most  Default: all */
export function leaderboard(space: SearchSpace, scored: readonly Scored[], most = scored.length): Scored[] {
  const last = new Map(scored.map((one) => [keyOf(space, one.choices), one]));
  return [...last.values()].sort((a, b) => b.reward - a.reward || a.number - b.number).slice(0, most);
}
