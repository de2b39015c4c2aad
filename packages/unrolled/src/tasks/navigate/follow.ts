import { beamSearch } from '../../decode/beam.ts';
import { greedySearch } from '../../decode/greedy.ts';
import type { DecodeRows, Hypothesis } from '../../decode/search.ts';
import { gatherRows, tensorSearch } from '../../decode/tensor-step.ts';
import { inference } from '../../nn/layer.ts';
import type { Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import { add, log, scale, softmax } from '../../ops/index.ts';
import type { StopSignal } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { breathe } from '../../train/breathe.ts';
import { penalties } from './loss.ts';
import type { Navigator } from './model.ts';
import { type Action, actions, moved, type Pose, posesAlong, STOP } from './pose.ts';
import { sentencesOf, wordsOf } from './routes.ts';
import type { World } from './world.ts';

export interface Instruction {
  readonly world: World;
  readonly start: Pose;
  readonly text: string;
}

export interface FollowOptions {
  /** Beam width (1: greedy search). Default 1. */
  readonly beam?: number | undefined;
  /** Maximum number of actions for a sentence. Default 40. */
  readonly maxActions?: number | undefined;
  /** Batch size; does not change the result. Default 128. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** How a sentence was followed. */
export interface FollowedSentence {
  readonly words: readonly string[];
  readonly actions: readonly Action[];
  /** The start, and the pose after each action. */
  readonly poses: readonly Pose[];
  /** Whether it stopped by itself. */
  readonly ended: boolean;
  readonly logProbability: number;
  /** Weights over the words at each action, each row with sum 1. */
  readonly attention: readonly (readonly number[])[];
}

/**
 * Follows instructions, each as one sentence in its world. What comes of one does not depend on the others.
 * @param navigators  one, or several whose probabilities are averaged (an ensemble)
 * @throws ConfigError on an option out of range; the signal's reason if it is aborted
 */
export async function follow(
  navigators: readonly Navigator[],
  instructions: readonly Instruction[],
  { beam = 1, maxActions = 40, batch = 128, signal }: FollowOptions = {},
): Promise<FollowedSentence[]> {
  const followed: FollowedSentence[] = [];
  for (let from = 0; from < instructions.length; from += batch) {
    await breathe(signal);
    const part = instructions.slice(from, from + batch);
    const { read, step } = stepsFor(navigators, part);
    const options = { start: STOP, end: STOP, sources: part.length, maxLength: maxActions };
    const found = await tensorSearch(navigators[0].device, read, step, async (next, begin) => {
      if (beam === 1) return greedySearch(next, begin, options);
      return (await beamSearch(next, begin, { ...options, width: beam })).map(([best]) => best);
    });
    followed.push(...found.map((one, i) => followedBy(one, part[i])));
  }
  return followed;
}

type Readings = readonly Reading[];

/** A step of a search whose input is what the walker sees, which depends on its moves so far. */
export function stepsFor(navigators: readonly Navigator[], instructions: readonly Instruction[]) {
  const [{ device }] = navigators;
  let poses: readonly Pose[] | null = null;
  const read = (): Readings => navigators.map((one) => one.read(instructions.map(({ text }) => one.encode(text))));
  const step = ({ tokens, parents, sources }: DecodeRows, before: Readings) => {
    const known = poses;
    const now = Array.from(parents, (parent, row) =>
      known ? moved(known[parent], actions[tokens[row]]) : instructions[parent].start,
    );
    poses = now;
    const last = Array.from(tokens, (token) => (known ? token : -1));
    const worlds = Array.from(sources, (source) => instructions[source].world);
    const blocked = device.tensor(worlds.map((world, row) => penalties(world.possible(now[row]))));
    const steps = gatherRows(before, parents).map(({ memory, state }, k) => {
      const { network } = navigators[k];
      const sights = worlds.map((world, row) => navigators[k].see(world, now[row]));
      const ys = network.sense(navigators[k].seen(sights, last, [last.length]));
      const taken = network.decoder.step(ys, memory, state, inference);
      const probabilities = softmax(add(network.decoder.logits(taken.vector), blocked));
      return { ...taken, memory, probabilities };
    });
    const mean = (of: (step: (typeof steps)[number]) => Tensor): Tensor =>
      scale(
        steps.map(of).reduce((total, one) => add(total, one)),
        1 / steps.length,
      );
    return {
      logProbabilities: log(mean(({ probabilities }) => probabilities)),
      attention: mean(({ weights }) => weights!),
      state: steps.map(({ memory, state }) => ({ memory, state })),
    };
  };
  return { read, step };
}

function followedBy(
  { tokens, ended, logProbability, attention }: Hypothesis,
  { start, text }: Instruction,
): FollowedSentence {
  const words = wordsOf(text);
  const taken = tokens.map((token) => actions[token]);
  return {
    words,
    actions: ended ? [...taken, 'stop'] : taken,
    poses: posesAlong(start, taken),
    ended,
    logProbability,
    attention: attention.map((weights) => Array.from(weights.subarray(0, words.length))),
  };
}

/** How an instruction was followed: a sentence, or a paragraph sentence by sentence. */
export interface Followed {
  /** The start, and the pose after each action of all sentences. */
  readonly poses: readonly Pose[];
  readonly sentences: readonly FollowedSentence[];
}

/** Follows instructions sentence by sentence, each from where the one before ended. Parameters and errors as `follow`. */
export async function navigate(
  navigators: readonly Navigator[],
  instructions: readonly Instruction[],
  options: FollowOptions = {},
): Promise<Followed[]> {
  const texts = instructions.map(({ text }) => sentencesOf(text));
  const done = instructions.map((): FollowedSentence[] => []);
  for (let k = 0; texts.some(({ length }) => length > k); k++) {
    const going = texts.flatMap((sentences, i) => (k < sentences.length ? [i] : []));
    const next = going.map((i) => ({
      world: instructions[i].world,
      start: done[i].at(-1)?.poses.at(-1) ?? instructions[i].start,
      text: texts[i][k],
    }));
    for (const [j, one] of (await follow(navigators, next, options)).entries()) done[going[j]].push(one);
  }
  return done.map((sentences, i) => ({
    poses: [instructions[i].start, ...sentences.flatMap(({ poses }) => poses.slice(1))],
    sentences,
  }));
}

/** The words of all sentences, the actions, and the weight of each word at each action: what `alignmentChart` draws. */
export function attentionOf({ sentences }: Followed): {
  readonly source: readonly string[];
  readonly target: readonly string[];
  readonly weights: readonly (readonly number[])[];
} {
  const source = sentences.flatMap(({ words }) => words);
  let before = 0;
  const weights = sentences.flatMap(({ words, attention }) => {
    const from = before;
    before += words.length;
    return attention.map((row) => source.map((_, s) => row[s - from] ?? 0));
  });
  return { source, target: sentences.flatMap(({ actions }) => actions), weights };
}
