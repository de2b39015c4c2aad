import { spansOf } from '../../metrics/spans.ts';
import type { TaggedSentence } from './conll.ts';

/**
 * A tagged sentence as a line: spans in brackets with their type, or each word with its tag.
 *
 * @example
 * showTags({ words: ['Ada', 'Lovelace', 'wrote'], tags: ['B-PER', 'I-PER', 'O'] }, true);    // [Ada Lovelace]PER wrote
 * showTags({ words: ['Ada', 'wrote'], tags: ['PROPN', 'VERB'] }, false);                     // Ada/PROPN wrote/VERB
 */
export function showTags({ words, tags }: TaggedSentence, marksSpans: boolean): string {
  if (!marksSpans) return words.map((word, i) => `${word}/${tags[i]}`).join(' ');
  const shown = [...words];
  for (const { type, start, end } of spansOf(tags)) {
    shown[start] = `[${shown[start]}`;
    shown[end - 1] = `${shown[end - 1]}]${type}`;
  }
  return shown.join(' ');
}
