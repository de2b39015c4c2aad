/** What each token of a translation attended to. */
export interface Alignment {
  /** S tokens of the source, its end included. */
  readonly source: readonly string[];
  /** T tokens of the translation, its end included where it came to one. */
  readonly target: readonly string[];
  /** `[T][S]`, each row with sum 1. */
  readonly weights: readonly (readonly number[])[];
}
