import { ConfigError } from '../errors.ts';
import { hashText, mix32 } from '../random.ts';

export interface SplitOptions<Example> {
  /** In [0, 1): how much of the examples is held back. */
  readonly share: number;
  readonly seed: number;
  /** What makes an example itself: those with equal keys are on the same side. */
  readonly keyOf: (example: Example) => string;
}

/**
 * Examples to learn from, and others held back. A hash of its key decides for each, so an example stays on its side when
 * others come and go, and what comes twice is never on both sides.
 *
 * @throws ConfigError if the share is out of range
 */
export function splitExamples<Example>(
  examples: readonly Example[],
  { share, seed, keyOf }: SplitOptions<Example>,
): { train: Example[]; heldBack: Example[] } {
  if (!(share >= 0 && share < 1)) {
    throw new ConfigError(`split: the share held back must be in [0, 1), received ${share}`, { share });
  }
  const train: Example[] = [];
  const heldBack: Example[] = [];
  for (const example of examples) {
    (hashText(keyOf(example), mix32(seed)) < share * 2 ** 32 ? heldBack : train).push(example);
  }
  return { train, heldBack };
}
