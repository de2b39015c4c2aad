// A baseline for translators without learning: for each test sentence the translation of the nearest training sentence, by the
// cosine of tf-idf vectors of words.
//
//     node tools/translation-baseline.ts train.de train.en < test.de > written.en

import { readFileSync } from 'node:fs';

const [sourceFile, targetFile] = process.argv.slice(2);
if (targetFile === undefined) throw new Error('node tools/translation-baseline.ts train.de train.en < test.de');
const linesOf = (path: string | number): string[] => readFileSync(path, 'utf8').replace(/\n$/, '').split('\n');
const wordsOf = (line: string): string[] => line.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

const [sources, targets] = [linesOf(sourceFile), linesOf(targetFile)];
const places = new Map<string, number[]>();
sources.forEach((line, i) => {
  for (const word of new Set(wordsOf(line))) {
    const known = places.get(word);
    if (known) known.push(i);
    else places.set(word, [i]);
  }
});
const weightOf = (word: string): number => Math.log(sources.length / places.get(word)!.length) ** 2;
const lengths = sources.map((line) => {
  const words = [...new Set(wordsOf(line))];
  return Math.sqrt(words.reduce((total, word) => total + weightOf(word), 0));
});
for (const line of linesOf(0)) {
  const scores = new Map<number, number>();
  for (const word of new Set(wordsOf(line))) {
    for (const i of places.get(word) ?? []) scores.set(i, (scores.get(i) ?? 0) + weightOf(word) / lengths[i]);
  }
  let [best, most] = [0, -1];
  for (const [i, score] of scores) if (score > most) [best, most] = [i, score];
  console.log(targets[best]);
}
