// Phoneme and word error rates of what was written for words of the CMU pronouncing dictionary, where the nearest of a word's
// pronunciations counts, as in published results:
//
//     cut -f1 test.tsv | unrolled translate predict runs/letters > written.txt
//     node tools/cmudict-score.ts cmudict.dict test.tsv written.txt

import { readFileSync } from 'node:fs';
import { editDistance } from 'unrolled/metrics';

const [dictionary, test, written] = process.argv
  .slice(2)
  .map((path) => readFileSync(path, 'utf8').trimEnd().split('\n'));
if (written === undefined) throw new Error('node tools/cmudict-score.ts cmudict.dict test.tsv written.txt');
const known = new Map<string, string[][]>();
for (const line of dictionary) {
  const [entry, ...phonemes] = line.replace(/ #.*/, '').trim().split(/\s+/);
  const word = entry.replace(/\(\d\)$/, '');
  known.set(word, [...(known.get(word) ?? []), phonemes.map((phoneme) => phoneme.replace(/\d/, ''))]);
}
let [edits, length, wrong] = [0, 0, 0];
test.forEach((line, i) => {
  const found = written[i].split(' ');
  const distances = known.get(line.split('\t')[0])!.map((right) => ({ right, edits: editDistance(found, right) }));
  const nearest = distances.reduce((a, b) => (b.edits < a.edits ? b : a));
  edits += nearest.edits;
  length += nearest.right.length;
  wrong += Number(nearest.edits > 0);
});
const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
console.log(`${percent(edits / length)} of phonemes, ${percent(wrong / test.length)} of words`);
