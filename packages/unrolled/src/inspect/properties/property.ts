/** A property of a text that a unit may follow: a number for every character. */
export interface Property {
  /** Name of a ready property, or the source of the expression. */
  readonly name: string;
  /** 'binary': 1 where it holds, else 0; 'graded': any number. */
  readonly kind: 'binary' | 'graded';
  /**
   * One number per character (code point), as known after reading the text up to and including that
   * character: inside quotes is 1 at the opening mark and 0 at the closing one.
   */
  of(characters: readonly string[]): Float32Array;
}
