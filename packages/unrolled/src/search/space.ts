import { count, number, oneOf, required, requireKind } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { Random } from '../random.ts';

/** One choice that an architecture is made of. */
export interface Decision {
  /** What is decided, for people: `a3 combine`. */
  readonly name: string;
  /** K, at least one. */
  readonly choices: readonly string[];
}

/** A set of architectures, each a choice for every decision. */
export interface SearchSpace {
  readonly name: string;
  /** In the order in which the controller makes them. */
  readonly decisions: readonly Decision[];
  /**
   * A text that is equal for choices that make the same architecture, as where a choice has no effect. Default: the choices
   * themselves.
   */
  key?(choices: Choices): string;
}

/** A candidate: the index of the choice for each decision. */
export type Choices = readonly number[];

/** @throws ConfigError unless each of them is one of the decision's choices */
export function requireChoices(space: SearchSpace, choices: Choices): void {
  const { decisions } = space;
  if (!Array.isArray(choices) || choices.length !== decisions.length) {
    throw new ConfigError(
      `search: an architecture of ${space.name} has ${decisions.length} choices, received ${choices?.length}`,
      { expected: decisions.length },
    );
  }
  decisions.forEach(({ name, choices: { length } }, i) => {
    const kind = { must: `a whole number below ${length}`, fits: (value: unknown) => isIndex(value, length) };
    requireKind('search', `the choice of '${name}'`, choices[i], kind);
  });
}

const isIndex = (value: unknown, length: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < length;

export const keyOf = (space: SearchSpace, choices: Choices): string => space.key?.(choices) ?? choices.join(' ');

/** Choices drawn uniformly. */
export const randomChoices = ({ decisions }: SearchSpace, random: Random): Choices =>
  decisions.map(({ choices }) => random.below(choices.length));

/** The number of architectures; those that are equal count as often as they can be chosen. */
export const sizeOfSpace = ({ decisions }: SearchSpace): number =>
  decisions.reduce((product, { choices }) => product * choices.length, 1);

export const methods = ['controller', 'random'] as const;
/**
 * - controller: a recurrent network that learns from the rewards by REINFORCE (Zoph & Le 2017)
 * - random: uniform draws, none twice: what a search must be better than
 */
export type SearchMethod = (typeof methods)[number];

export interface PolicyOptions {
  /** H of the controller's LSTM, and the length of its embeddings. Default 32. */
  readonly hidden?: number | undefined;
  /** Of Adam. Default 0.02. */
  readonly learningRate?: number | undefined;
  /** λ of the entropy of the controller's choices, which keeps it trying. Default 0.01. */
  readonly entropy?: number | undefined;
}

export const policyKinds = { hidden: count, learningRate: number({ above: 0 }), entropy: number({ from: 0 }) };
export const methodKind = required(oneOf(methods));
