// The baseline of docs/tag.md: each word gets the tag it most often has in the training file, unknown words get O.
//
//     node tools/most-frequent-tag.ts train.conll test.conll

import { readFileSync } from 'node:fs';
import { spanScores } from 'unrolled/metrics';
import { parseConll } from 'unrolled/tasks/tag';

const [train, test] = process.argv.slice(2, 4).map((path) => parseConll(readFileSync(path, 'utf8'), { name: path }));
if (!test) throw new Error('node tools/most-frequent-tag.ts train.conll test.conll');

const counts = new Map<string, Map<string, number>>();
for (const { words, tags } of train) {
  for (const [i, word] of words.entries()) {
    const ofWord = counts.get(word.toLowerCase()) ?? new Map<string, number>();
    ofWord.set(tags[i], (ofWord.get(tags[i]) ?? 0) + 1);
    counts.set(word.toLowerCase(), ofWord);
  }
}
const tagOf = (word: string): string => {
  const found = [...(counts.get(word.toLowerCase()) ?? [])];
  return found.reduce((best, other) => (other[1] > best[1] ? other : best), ['O', 0])[0];
};
const predicted = test.map(({ words }) => words.map(tagOf));
const { precision, recall, f1, accuracy } = spanScores(
  predicted,
  test.map(({ tags }) => tags),
);
const percent = (share: number): string => (100 * share).toFixed(2);
console.log(
  `precision ${percent(precision)}, recall ${percent(recall)}, F1 ${percent(f1)}; ${percent(accuracy)}% of the words`,
);
