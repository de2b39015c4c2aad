import { describeCharacter } from 'unrolled/tasks/language-model';
import { countOf } from '../../output/units.ts';

/** `12 unknown characters were left out: 'é' (U+00E9) ×12`; empty if there were none. */
export function describeLeftOut(leftOut: ReadonlyMap<string, number>): string {
  if (leftOut.size === 0) return '';
  const total = [...leftOut.values()].reduce((sum, count) => sum + count, 0);
  const shown = [...leftOut].slice(0, 8).map(([character, count]) => `${describeCharacter(character)} ×${count}`);
  const more = leftOut.size > shown.length ? ` and ${leftOut.size - shown.length} more` : '';
  return `${countOf(total, 'unknown character')} ${total === 1 ? 'was' : 'were'} left out: ${shown.join(', ')}${more}`;
}
