import { anything, callback, count, type Kinds, limit, number, requireOptions, seed as seedKind } from '../checks.ts';
import { DataError } from '../errors.ts';
import { Random } from '../random.ts';
import type { StopSignal } from '../signal.ts';
import type { Device } from '../tensor/device.ts';
import type { Checkpoint } from '../train/checkpoint.ts';
import { Controller, uncertainty } from './controller.ts';
import type { Evaluation, Evaluator } from './evaluator.ts';
import {
  type Choices,
  keyOf,
  methodKind,
  type PolicyOptions,
  policyKinds,
  randomChoices,
  type SearchMethod,
  type SearchSpace,
  sizeOfSpace,
} from './space.ts';
import { type Baseline, firstState, restoreSearch, type Scored, type SearchState, searchCheckpoint } from './state.ts';

export interface SearchOptions extends PolicyOptions {
  readonly method: SearchMethod;
  /** Stop after so many candidates were evaluated. Repeated ones whose reward is known do not count. */
  readonly candidates: number;
  /** Stop after so many seconds. Default: never. */
  readonly seconds?: number | undefined;
  /** M, candidates drawn for one update of the controller. Default 8. */
  readonly batch?: number | undefined;
  /** Share of the newest rewards in the moving means of the baseline, in (0, 1]. Default 0.2. */
  readonly baselineShare?: number | undefined;
  /** Of the controller and of all draws. */
  readonly seed: number;
  /** Checkpoint to resume from. */
  readonly resume?: Checkpoint | null | undefined;
  /** Stops the search; what was evaluated is in the last checkpoint. */
  readonly signal?: StopSignal | undefined;
  /** Milliseconds; only differences count. */
  readonly clock?: (() => number) | undefined;
}

const kinds: Kinds<SearchOptions> = {
  ...policyKinds,
  method: methodKind,
  candidates: { ...count, optional: false },
  seconds: limit,
  batch: count,
  baselineShare: number({ above: 0, to: 1 }),
  seed: { ...seedKind, optional: false },
  resume: anything,
  signal: anything,
  clock: callback,
};

/** What happens in a search, in order. */
export type SearchEvent =
  | {
      readonly type: 'start';
      readonly method: SearchMethod;
      /** Candidates evaluated so far, and how many there will be. */
      readonly evaluated: number;
      readonly candidates: number;
      readonly decisions: number;
      /** Architectures that can be chosen. */
      readonly architectures: number;
    }
  | CandidateEvent
  | RoundEvent
  | { readonly type: 'checkpoint'; readonly step: number; readonly checkpoint: Checkpoint }
  | SearchDoneEvent;

export interface CandidateEvent extends Scored {
  readonly type: 'candidate';
  readonly seconds: number;
  /** Whether it has the highest reward so far. */
  readonly best: boolean;
}

/** The end of a round: the controller was updated. */
export interface RoundEvent {
  readonly type: 'round';
  readonly round: number;
  readonly evaluated: number;
  /** Mean over the candidates of the round, repeated ones included, and the highest reward so far. */
  readonly meanReward: number;
  readonly bestReward: number;
  /** What the rewards of the round were compared with; null for random draws. */
  readonly baseline: number | null;
  /** H/ln K of the controller's choices before the update: 1 is uniform; null for random draws. */
  readonly uncertainty: number | null;
  /** Of each choice of each decision, before the update; null for random draws. */
  readonly probabilities: readonly (readonly number[])[] | null;
  readonly secondsElapsed: number;
}

export interface SearchDoneEvent {
  readonly type: 'done';
  /** 'converged': for 50 rounds in a row no new architecture was drawn. */
  readonly reason: 'finished' | 'converged' | 'aborted';
  readonly evaluated: number;
  readonly best: Scored | null;
  readonly secondsElapsed: number;
}

/** Rounds in a row without a new architecture after which a search has converged. */
const patience = 50;

/** Draws for one new candidate after which a space counts as exhausted. */
const attempts = 1000;

/** The most that an advantage is, in standard deviations: candidates that diverge must not decide alone. */
const largest = 3;

/**
 * Searches a space for the architecture with the highest reward, and reports as a stream of events.
 *
 * In each round M candidates are drawn and evaluated. Then a controller learns by REINFORCE (Williams 1992; Zoph & Le 2017):
 *
 *     loss = 1/M Σ_i [−A_i Σ_t log p(choice_it) − λ Σ_t H_it],   A = (reward − b)/s, within ±3
 *
 * with b and s² moving means of reward and (reward − b)²; in the first round those of the round itself. Rewards that are known are
 * not evaluated again where the evaluator is repeatable. Where it is not, rewards of different rounds cannot be compared: b is the
 * mean of the round.
 *
 * A search that is stopped and resumed draws and learns the same, to the last bit, whatever evaluates the candidates and in
 * whichever order, as long as rewards are the same.
 *
 * @throws ConfigError on an unknown, missing or impossible option; DataError if a reward is not finite; FormatError if the
 *   checkpoint is of another search
 *
 * @example
 * for await (const event of search(device, space, evaluator, { method: 'controller', candidates: 200, seed: 1 })) {
 *   if (event.type === 'candidate' && event.best) console.log(event.number, event.reward);
 * }
 */
export async function* search(
  device: Device,
  space: SearchSpace,
  evaluator: Evaluator,
  options: SearchOptions,
): AsyncGenerator<SearchEvent, void> {
  requireOptions('search', options, kinds);
  const { method, candidates, batch = 8, baselineShare = 0.2, seed, resume, signal } = options;
  const { seconds = Infinity, clock = () => performance.now(), hidden, learningRate, entropy } = options;
  const controller =
    method === 'controller' ? new Controller(device, space, { hidden, learningRate, entropy }, seed) : null;
  let random = new Random(resume?.trainer.random ?? new Random(seed).fork('search').state);
  let state: SearchState = resume ? restoreSearch(resume, space, method, controller, evaluator) : firstState;
  const began = clock() - 1000 * (resume?.trainer.secondsElapsed ?? 0);
  const elapsed = (): number => (clock() - began) / 1000;
  const known = new Map(state.scored.map((one) => [keyOf(space, one.choices), one]));
  let best = bestOf([...state.scored, ...state.pending]);
  const checkpoint = async (): Promise<SearchEvent> => ({
    type: 'checkpoint',
    step: state.round,
    checkpoint: await searchCheckpoint(space, method, controller, evaluator, random, state, elapsed()),
  });
  const draw = async (n: number): Promise<readonly Choices[]> =>
    controller?.sample(n, random) ?? Array.from({ length: n }, () => randomChoices(space, random));

  yield {
    ...{ type: 'start', method, evaluated: state.evaluated, candidates },
    ...{ decisions: space.decisions.length, architectures: sizeOfSpace(space) },
  };
  let reason: SearchDoneEvent['reason'] = 'finished';
  while (state.evaluated < candidates && elapsed() < seconds) {
    if (state.stale >= patience || signal?.aborted) {
      reason = signal?.aborted ? 'aborted' : 'converged';
      break;
    }
    const before = random.state;
    const round = state.round + 1;
    const done: Scored[] = [...state.pending];
    let drawn: readonly Choices[] = [];
    let chosen: readonly Choices[] = [];
    try {
      await evaluator.prepare?.(draw, signal);
      drawn = controller || !evaluator.repeatable ? await draw(batch) : newDraws(space, known, batch, random);
      const fresh = newOnes(space, drawn, evaluator.repeatable ? known : new Map());
      chosen = fresh.slice(0, candidates - state.evaluated);
      const numbered = chosen.map((choices, i) => ({ number: state.evaluated + 1 + i, round, choices }));
      const open = numbered.filter(({ number: own }) => !done.some((one) => one.number === own));
      for await (const evaluation of open.length > 0
        ? evaluator.evaluate(
            open.map((one) => one.choices),
            signal,
          )
        : []) {
        const { reward, measures, seconds: taken } = checked(evaluation);
        const one: Scored = { ...open[evaluation.index], reward, measures };
        done.push(one);
        const leads = best === null || reward > best.reward;
        if (leads) best = one;
        yield { type: 'candidate', ...one, seconds: taken, best: leads };
      }
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
    done.sort((a, b) => a.number - b.number);
    if (signal?.aborted) {
      // The round is drawn again when the search is resumed; candidates that are done are not evaluated again.
      random = new Random(before);
      state = { ...state, pending: done };
      reason = 'aborted';
      break;
    }
    if (chosen.length === 0 && controller === null) {
      reason = 'converged';
      break;
    }
    const anythingNew = done.some(({ choices }) => !known.has(keyOf(space, choices)));
    for (const one of done) known.set(keyOf(space, one.choices), one);
    const rewarded = drawn.flatMap((choices) => known.get(keyOf(space, choices)) ?? []);
    const rewards = rewarded.map(({ reward }) => reward);
    const own = baselineOf(rewards);
    const baseline = { ...(state.baseline ?? own), ...(evaluator.repeatable ? {} : { mean: own.mean }) };
    const probabilities = (await controller?.probabilities(drawn)) ?? null;
    await controller?.update(
      rewarded.map(({ choices }) => choices),
      advantagesOf(rewards, baseline),
    );
    state = {
      ...{ round, evaluated: state.evaluated + done.length, stale: anythingNew ? 0 : state.stale + 1 },
      ...{ baseline: moved(baseline, rewards, baselineShare), scored: [...state.scored, ...done], pending: [] },
    };
    yield {
      ...{ type: 'round', round, evaluated: state.evaluated, meanReward: mean(rewards), bestReward: best!.reward },
      ...{
        baseline: controller && baseline.mean,
        uncertainty: probabilities && uncertainty(probabilities),
        probabilities,
      },
      secondsElapsed: elapsed(),
    };
    yield await checkpoint();
  }
  // Shared weights have learned since the round began: such a search resumes from the round before.
  if (reason === 'aborted' && evaluator.repeatable) yield await checkpoint();
  yield { type: 'done', reason, evaluated: state.evaluated, best, secondsElapsed: elapsed() };
}

/** @throws DataError if the reward is not finite */
function checked(evaluation: Evaluation): Evaluation {
  if (Number.isFinite(evaluation.reward)) return evaluation;
  throw new DataError(
    `search: the reward of a candidate is ${evaluation.reward}; give a finite number, such as 0 where training diverged`,
    { index: evaluation.index },
  );
}

/** Those whose reward is not known, each once. */
function newOnes(space: SearchSpace, drawn: readonly Choices[], known: ReadonlyMap<string, Scored>): Choices[] {
  const found = new Map<string, Choices>();
  for (const choices of drawn) {
    const key = keyOf(space, choices);
    if (!known.has(key) && !found.has(key)) found.set(key, choices);
  }
  return [...found.values()];
}

/** Different candidates that are not known; fewer where there are no more. */
function newDraws(space: SearchSpace, known: ReadonlyMap<string, Scored>, n: number, random: Random): Choices[] {
  const found = new Map<string, Choices>();
  for (let tries = 0; found.size < n && tries < attempts * n; tries++) {
    const choices = randomChoices(space, random);
    const key = keyOf(space, choices);
    if (!known.has(key)) found.set(key, choices);
  }
  return [...found.values()];
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

const bestOf = (scored: readonly Scored[]): Scored | null =>
  scored.reduce<Scored | null>((best, one) => (best === null || one.reward > best.reward ? one : best), null);

const spread = (rewards: readonly number[], around: number): number => mean(rewards.map((one) => (one - around) ** 2));

const baselineOf = (rewards: readonly number[]): Baseline => {
  const middle = mean(rewards);
  return { mean: middle, variance: spread(rewards, middle) };
};

/** (reward − b)/s, within ±3; 0 where all rewards were the same, but for rounding. */
export function advantagesOf(rewards: readonly number[], { mean: b, variance }: Baseline): number[] {
  const s = Math.sqrt(variance);
  return rewards.map((reward) =>
    s > 1e-12 * Math.abs(b) ? Math.max(-largest, Math.min(largest, (reward - b) / s)) : 0,
  );
}

function moved(baseline: Baseline, rewards: readonly number[], share: number): Baseline {
  const { mean: b, variance } = baseline;
  return {
    mean: b + share * (mean(rewards) - b),
    variance: variance + share * (spread(rewards, b) - variance),
  };
}
