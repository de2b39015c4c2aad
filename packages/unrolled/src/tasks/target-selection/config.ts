import { count, flag, type Kinds, number, required, requireOptions } from '../../checks.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import { stackKinds } from '../../train/description.ts';

/** Configuration of a target selector, as plain data. */
export interface TargetSelectorConfig {
  /** Cell of the layers that read the dialogue. */
  readonly cell: CellSource;
  /** H, hidden units of each layer. */
  readonly hidden: number;
  readonly layers: number;
  /** E, dimension of word vectors. */
  readonly embedding: number;
  /** Dropout rate of word vectors, between layers and before the outputs. */
  readonly dropout: number;
  /** U, numbers for a dot, and for its relations to the others. Default H/2, at least 1. */
  readonly units?: number;
  /** Whether it reads the dialogue; if not, it chooses by the dots alone. Default true. */
  readonly dialogue?: boolean;
  /** λ, the weight of the loss of the language model. Default 0.5. */
  readonly languageWeight?: number;
}

export const targetSelectorKinds: Kinds<TargetSelectorConfig> = {
  ...stackKinds,
  embedding: required(count),
  units: count,
  dialogue: flag,
  languageWeight: number({ from: 0 }),
};

/** The configuration with its defaults filled in. @throws ConfigError on an invalid size, rate or name */
export function completeConfig(config: TargetSelectorConfig): Required<TargetSelectorConfig> {
  requireOptions('targetSelection', config, targetSelectorKinds);
  return { units: Math.max(1, config.hidden >> 1), dialogue: true, languageWeight: 0.5, ...config };
}
