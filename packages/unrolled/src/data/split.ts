import { rate, requireKind } from '../checks.ts';
import { hashText, mix32 } from '../random.ts';

export interface SplitOptions<Example> {
  /** Fraction of the examples that is held out, in [0, 1). */
  readonly share: number;
  readonly seed: number;
  /** Key of an example: examples with equal keys are on the same side. */
  readonly keyOf: (example: Example) => string;
}

/**
 * Splits examples into training and held-out ones by a hash of their keys, so an example stays on its side when
 * others are added or removed, and duplicates are never on both sides.
 *
 * @throws ConfigError if the share is out of range
 */
export function splitExamples<Example>(
  examples: readonly Example[],
  { share, seed, keyOf }: SplitOptions<Example>,
): { train: Example[]; validation: Example[] } {
  requireKind('split', 'share', share, rate);
  const train: Example[] = [];
  const validation: Example[] = [];
  for (const example of examples) {
    (hashText(keyOf(example), mix32(seed)) < share * 2 ** 32 ? validation : train).push(example);
  }
  return { train, validation };
}
