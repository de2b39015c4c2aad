// The CMU pronouncing dictionary as examples for `unrolled translate train`: letters, a tab, phonemes.
//
//     node tools/cmudict.ts cmudict.dict folder    # folder/train.tsv, folder/validation.tsv, folder/test.tsv
//
// The first pronunciation of each word, without stress. A hash of the word says which of the three parts it is in: 90%, 5%
// and 5%, so that the parts stay what they are when words are added.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { splitExamples } from 'unrolled/data';

const [file, folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('node tools/cmudict.ts cmudict.dict folder');
const words = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !/^\S+\(\d\) /.test(line))
  .map((line) => {
    const [word, ...phonemes] = line.replace(/ #.*/, '').trim().split(/\s+/);
    return { word, phonemes: phonemes.map((phoneme) => phoneme.replace(/\d/, '')).join(' ') };
  });
const keyOf = ({ word }: (typeof words)[number]): string => word;
const { train, validation: rest } = splitExamples(words, { share: 0.1, seed: 1, keyOf });
const { train: validation, validation: test } = splitExamples(rest, { share: 0.5, seed: 2, keyOf });
mkdirSync(folder, { recursive: true });
for (const [name, part] of Object.entries({ train, validation, test })) {
  writeFileSync(`${folder}/${name}.tsv`, part.map(({ word, phonemes }) => `${word}\t${phonemes}\n`).join(''));
  console.log(`${name}: ${part.length} words`);
}
