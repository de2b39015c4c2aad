import type { Scanner } from './scanners.ts';

/**
 * Where code of the family of C (C++, Java, JavaScript, TypeScript, Rust) is comment, and where string: a comment begins
 * with its second character and ends with its last; a string begins with its opening quote and ends with its closing one, and
 * those of ' and " end with the line. A quote within a comment begins no string, and the other way round.
 */
export function codeRegion(wanted: 'comment' | 'string'): Scanner {
  return (characters) => {
    const values = new Float32Array(characters.length);
    let region: 'code' | 'line' | 'block' | 'string' = 'code';
    let quote = '';
    // From where two characters may be taken together.
    let from = 0;
    for (let i = 0; i < values.length; i++) {
      const character = characters[i];
      const pair = i > from ? characters[i - 1] + character : '';
      if (region === 'code') {
        if (pair === '//' || pair === '/*') {
          region = pair === '//' ? 'line' : 'block';
          from = i + 1;
        } else if (character === '"' || character === "'" || character === '`') {
          region = 'string';
          quote = character;
        }
      } else if (region === 'line') {
        if (character === '\n') region = 'code';
      } else if (region === 'block') {
        if (pair === '*/') {
          region = 'code';
          from = i + 1;
        }
      } else if (character === '\\') {
        // What is escaped ends nothing.
        values[i] = Number(wanted === 'string');
        i++;
      } else if (character === quote || (character === '\n' && quote !== '`')) {
        region = 'code';
        from = i + 1;
      }
      if (i < values.length) {
        values[i] = Number(wanted === 'string' ? region === 'string' : region === 'line' || region === 'block');
      }
    }
    return values;
  };
}
