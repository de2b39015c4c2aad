/** Something about a text that a unit may track: a number for every character. */
export interface Property {
  /** What a person called it: the name of a ready one, or its source. */
  readonly name: string;
  /** 'binary': 1 where it holds, else 0; 'graded': any number. */
  readonly kind: 'binary' | 'graded';
  /**
   * One number for each character (code point), as a reader knows it who has read the text up to that character and with
   * it: inside of quotes is 1 at the opening mark and 0 at the closing one.
   */
  of(characters: readonly string[]): Float32Array;
}
