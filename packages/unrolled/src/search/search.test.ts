import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { Random } from '../random.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../train/checkpoint.ts';
import { Controller, uncertainty } from './controller.ts';
import {
  type Choices,
  cellSpace,
  type Evaluator,
  leaderboard,
  type SearchOptions,
  type SearchSpace,
  search,
  sizeOfSpace,
} from './index.ts';
import { advantagesOf } from './search.ts';

const reference = await openDevice('reference');
const device = await openDevice('wasm', { threads: 1 });

const decision = (name: string, n: number) => ({ name, choices: Array.from({ length: n }, (_, i) => `${name}${i}`) });
const small: SearchSpace = { name: 'small', decisions: [decision('a', 2), decision('b', 3), decision('c', 2)] };
const all = Array.from({ length: 12 }, (_, i) => [Math.floor(i / 6), Math.floor(i / 2) % 3, i % 2]);

/** 36,864 cells, and the one that is best. */
const cells = cellSpace(2);
const target = [0, 1, 1, 2, 0, 3, 1, 1, 2, 0];

/** The share of decisions that are right, and more where neighbours are; the highest is at `target` alone. */
function worth(choices: Choices): number {
  const right = choices.map((choice, i) => Number(choice === target[i]));
  const pairs = right.slice(1).map((one, i) => one * right[i]);
  return (right.reduce((a, b) => a + b, 0) + pairs.reduce((a, b) => a + b, 0)) / 19;
}

const evaluator = (order: 'forward' | 'backward' = 'forward', onEach = (_: number) => {}): Evaluator => ({
  repeatable: true,
  async *evaluate(candidates) {
    const indices = [...candidates.keys()];
    for (const index of order === 'forward' ? indices : indices.reverse()) {
      yield { index, reward: worth(candidates[index]), measures: { right: true }, seconds: 0 };
      onEach(index);
    }
  },
});

const options: SearchOptions = { method: 'controller', candidates: 60, seed: 3 };

async function run(changes: Partial<SearchOptions>, by: Evaluator = evaluator(), space: SearchSpace = cells) {
  const checkpoints: Checkpoint[] = [];
  const found: number[] = [];
  for await (const event of search(device, space, by, { ...options, ...changes })) {
    if (event.type === 'checkpoint') checkpoints.push(decodeCheckpoint(encodeCheckpoint(event.checkpoint)));
    if (event.type === 'candidate') found.push(event.number);
    if (event.type === 'done') return { ...event, checkpoints, found };
  }
  throw new Error('no end');
}

/** Everything but the clock. */
const bits = ({ parameters, optimizer, task, trainer }: Checkpoint) => ({
  ...{ parameters, optimizer, task: JSON.stringify(task), random: trainer.random, step: trainer.step },
});

describe('the controller', () => {
  const controller = new Controller(reference, small, { hidden: 3, entropy: 0 }, 5);
  // Away from the start, where it is nearly uniform.
  const random = new Random(1);
  const { parameters } = controller;
  const moved = Float64Array.from({ length: parameters.size }, () => random.normal());
  reference.backend.write(parameters.values, moved);

  test('gives probabilities that sum to 1 over all architectures, and draws by them', async () => {
    const exact = (await controller.logProbabilities(all)).map(Math.exp);
    expect(exact.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    const draws = await controller.sample(4000, new Random(2));
    all.forEach((one, i) => {
      const share = draws.filter((drawn) => String(drawn) === String(one)).length / draws.length;
      expect(Math.abs(share - exact[i])).toBeLessThan(0.03);
    });
    const [first] = await controller.probabilities(draws);
    expect(first[0]).toBeCloseTo(
      exact.slice(0, 6).reduce((a, b) => a + b, 0),
      10,
    );
  });

  test.each([0, 0.7])('learns by an estimate that is unbiased with baseline %d: enumeration', async (b) => {
    const rewards = all.map((_, i) => Math.sin(3 * i));
    const exact = await expectedGradient(rewards);
    const mean = exact.map(() => 0);
    const p = (await controller.logProbabilities(all)).map(Math.exp);
    for (const [i, one] of all.entries()) {
      reference.scope(() => parameters.backward(controller.loss([one], [rewards[i] - b])));
      parameters.gradients.data().forEach((g, k) => {
        mean[k] += p[i] * g;
      });
    }
    for (const [k, value] of mean.entries()) expect(Math.abs(value - exact[k])).toBeLessThan(1e-7);
  });

  test('takes the mean over candidates', () => {
    const lossOf = (candidates: readonly Choices[], advantages: readonly number[]): number =>
      reference.scope(() => controller.loss(candidates, advantages).item());
    const singles = [lossOf([all[3]], [2]), lossOf([all[8]], [-1])];
    expect(lossOf([all[3], all[8]], [2, -1])).toBeCloseTo((singles[0] + singles[1]) / 2, 12);
  });

  /** ∂/∂θ of −Σ p(a) R(a), by central differences. */
  async function expectedGradient(rewards: readonly number[]): Promise<number[]> {
    const value = async (k: number, at: number): Promise<number> => {
      const changed = moved.slice();
      changed[k] += at;
      reference.backend.write(parameters.values, changed);
      const logs = await controller.logProbabilities(all);
      return -logs.reduce((sum, log, i) => sum + Math.exp(log) * rewards[i], 0);
    };
    const found: number[] = [];
    for (let k = 0; k < moved.length; k++) found.push(((await value(k, 1e-5)) - (await value(k, -1e-5))) / 2e-5);
    reference.backend.write(parameters.values, moved);
    return found;
  }

  test('is pulled towards uniform by the entropy alone', async () => {
    const own = new Controller(device, small, { hidden: 4, entropy: 1, learningRate: 0.05 }, 1);
    const before = new Random(1);
    device.backend.write(
      own.parameters.values,
      Float32Array.from({ length: own.parameters.size }, () => before.normal()),
    );
    const start = uncertainty(await own.probabilities(all));
    for (let i = 0; i < 60; i++)
      await own.update(
        all,
        all.map(() => 0),
      );
    expect(uncertainty(await own.probabilities(all))).toBeGreaterThan(Math.max(0.97, start));
  });
});

describe('a search', () => {
  test('finds the best cell of 36,864 within 100 candidates in all of 10 seeds, where random draws do not', async () => {
    const found = { controller: 0, random: 0 };
    for (const method of ['controller', 'random'] as const) {
      for (let seed = 1; seed <= 10; seed++) {
        for await (const event of search(device, cells, evaluator(), { method, candidates: 100, seed })) {
          if (event.type !== 'candidate' || String(event.choices) !== String(target)) continue;
          found[method]++;
          break;
        }
      }
    }
    expect(found.controller).toBe(10);
    expect(found.random).toBeLessThan(2);
  });

  test('that is resumed between rounds, or stopped within one, ends with the same bits', async () => {
    const whole = await run({});
    const third = whole.checkpoints[2];
    const resumed = await run({ resume: third });
    expect(bits(resumed.checkpoints.at(-1)!)).toEqual(bits(whole.checkpoints.at(-1)!));

    const controller = new AbortController();
    let left = 21;
    const stopping = evaluator('forward', () => {
      left--;
      if (left === 0) controller.abort();
    });
    const stopped = await run({ signal: controller.signal }, stopping);
    expect(stopped.reason).toBe('aborted');
    const again = await run({ resume: stopped.checkpoints.at(-1) });
    expect(bits(again.checkpoints.at(-1)!)).toEqual(bits(whole.checkpoints.at(-1)!));
    // Nothing is evaluated twice, and nothing left out.
    expect([...stopped.found, ...again.found].sort((a, b) => a - b)).toEqual(whole.found);
  });

  test('evaluates no candidate twice, however often it is drawn', async () => {
    const seen: string[] = [];
    const counting: Evaluator = {
      repeatable: true,
      async *evaluate(candidates) {
        seen.push(...candidates.map(String));
        for (const index of candidates.keys()) yield { index, reward: index, measures: {}, seconds: 0 };
      },
    };
    const { evaluated } = await run({ candidates: 100 }, counting, small);
    expect(seen).toHaveLength(evaluated);
    expect(new Set(seen).size).toBe(evaluated);
  });

  test('does not depend on the order in which candidates are done', async () => {
    const [one, other] = [await run({}), await run({}, evaluator('backward'))];
    expect(bits(other.checkpoints.at(-1)!)).toEqual(bits(one.checkpoints.at(-1)!));
  });

  test('by random draws evaluates every architecture once, and ends when there are no more', async () => {
    const { reason, evaluated, checkpoints } = await run(
      { method: 'random', candidates: 100 },
      countedEvaluator(),
      small,
    );
    expect([reason, evaluated]).toEqual(['converged', sizeOfSpace(small)]);
    const { scored } = checkpoints.at(-1)!.task as unknown as { scored: { choices: Choices; reward: number }[] };
    expect(scored.map(({ choices }) => String(choices)).sort()).toEqual(all.map(String).sort());
    expect(leaderboard(small, scored as never, 2).map(({ reward }) => reward)).toEqual([11, 10]);
  });

  const countedEvaluator = (): Evaluator => ({
    repeatable: true,
    async *evaluate(candidates) {
      for (const [index, choices] of candidates.entries()) {
        yield { index, reward: all.map(String).indexOf(String(choices)), measures: {}, seconds: 0 };
      }
    },
  });

  describe('whose rewards rise with the rounds, as those of shared weights do', () => {
    const rising = (worthOf: (choices: Choices) => number): Evaluator => {
      let round = 0;
      return {
        repeatable: false,
        async *evaluate(candidates) {
          round++;
          for (const index of candidates.keys()) {
            yield { index, reward: worthOf(candidates[index]) + round / 10, measures: {}, seconds: 0 };
          }
        },
      };
    };

    test('learns nothing where a round has no better and worse', async () => {
      const found: number[] = [];
      for await (const event of search(
        device,
        cells,
        rising(() => 0),
        { ...options, candidates: 400 },
      )) {
        if (event.type === 'round') found.push(event.uncertainty!);
      }
      expect(Math.min(...found)).toBeGreaterThan(0.99);
    });

    test('learns what is better within a round', async () => {
      const { best } = await run({ candidates: 2000 }, rising(worth));
      expect(worth(best!.choices)).toBe(1);
    });

    test('has converged when no new architecture comes', async () => {
      const one: SearchSpace = { name: 'one', decisions: [decision('a', 1)] };
      const { reason, evaluated } = await run({ candidates: 1000 }, rising(worth), one);
      expect([reason, evaluated]).toEqual(['converged', 51]);
    });
  });

  test('rejects rewards that are not finite, and a checkpoint of another space', async () => {
    const broken: Evaluator = {
      repeatable: true,
      async *evaluate() {
        yield { index: 0, reward: Number.NaN, measures: {}, seconds: 0 };
      },
    };
    await expect(run({}, broken)).rejects.toThrow('the reward of a candidate is NaN; give a finite number');
    const { checkpoints } = await run({ candidates: 8 });
    await expect(run({ resume: checkpoints[0] }, evaluator(), small)).rejects.toThrow(
      "a search with space 'cells of base 2'",
    );
    await expect(run({ method: 'evolution' as never })).rejects.toThrow("method must be 'controller' or 'random'");
  });
});

test('advantages are rewards less the baseline in standard deviations, bounded, and 0 where all are equal', () => {
  expect(advantagesOf([1, 2, -20], { mean: 1, variance: 4 })).toEqual([0, 0.5, -3]);
  expect(advantagesOf([0.5, 0.5], { mean: 0.5, variance: 0 })).toEqual([0, 0]);
});
