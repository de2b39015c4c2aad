/** The attention weights of a translation. */
export interface Alignment {
  /** S source tokens, the end token included. */
  readonly source: readonly string[];
  /** T tokens of the translation, including its end token if it has one. */
  readonly target: readonly string[];
  /** `[T][S]`, each row with sum 1. */
  readonly weights: readonly (readonly number[])[];
}
