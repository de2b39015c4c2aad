// BLEU and chrF of translations, one a line, against one reference each; BLEU with case and without.
//
//     unrolled translate predict runs/german --beam 4 < test.de > written.en
//     node tools/translation-score.ts written.en test.en

import { readFileSync } from 'node:fs';
import { bleu, chrf } from 'unrolled/metrics';

const [written, references] = process.argv
  .slice(2)
  .map((path) => readFileSync(path, 'utf8').replace(/\n$/, '').split('\n'));
if (references === undefined) throw new Error('node tools/translation-score.ts written.en test.en');
const scored = (change: (line: string) => string) =>
  [written.map(change), references.map((line) => [change(line)])] as const;
const [cased, lower] = [scored((line) => line), scored((line) => line.toLowerCase())];
const withCase = bleu(...cased);
console.log(`BLEU ${withCase.score.toFixed(2)} (${withCase.signature})`);
console.log(`BLEU ${bleu(...lower).score.toFixed(2)}, both sides in lower case`);
const characters = chrf(...cased);
console.log(`chrF ${characters.score.toFixed(2)} (${characters.signature})`);
