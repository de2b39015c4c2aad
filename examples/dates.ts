// Dates as people write them → 2017-03-04: an encoder and a decoder with attention.
//
//     node examples/dates.ts               learns it, in a few seconds
//     node examples/dates.ts dates.tsv     writes 20,000 examples, for: unrolled translate train dates.tsv

import { writeFileSync } from 'node:fs';
import { openDevice, Random } from 'unrolled';
import { sidesFor, type TranslationPair, Translator, translatorTraining } from 'unrolled/tasks/translate';
import { train } from 'unrolled/train';

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** A day from 1930 to 2029 in one of 12 forms, and in the one of ISO 8601. */
function dateIn(random: Random): TranslationPair {
  const date = new Date(Date.UTC(1930, 0, 1 + random.below(36_525)));
  const [y, m, d] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const [month, day, two] = [months[m], days[date.getUTCDay()], (n: number) => String(n).padStart(2, '0')];
  const th = d % 10 > 3 || d % 10 === 0 || (d > 10 && d < 14) ? 'th' : ['st', 'nd', 'rd'][(d % 10) - 1];
  const short = random.below(2) === 0 ? `'${two(y % 100)}` : `${y}`;
  const forms = [
    ...[`${d} ${month} ${y}`, `${d}. ${month} ${short}`, `${month} ${d}, ${y}`, `${month} ${d}${th}, ${short}`],
    ...[`${d} ${month.slice(0, 3)} ${y}`, `${month.slice(0, 3)} ${two(d)} ${short}`, `${d}.${m + 1}.${y}`],
    ...[`${m + 1}/${d}/${y}`, `${two(m + 1)}/${two(d)}/${two(y % 100)}`, `${y}/${two(m + 1)}/${two(d)}`],
    ...[`${day}, ${month} ${d}, ${y}`, `${day.slice(0, 3)} the ${d}${th} of ${month} ${short}`],
  ];
  const form = forms[random.below(forms.length)];
  const source = random.below(3) === 0 ? form.toLowerCase() : form;
  return { source, target: `${y}-${two(m + 1)}-${two(d)}` };
}

const random = new Random(1);
const file = process.argv[2];
const pairs = Array.from({ length: file ? 20_000 : 4000 }, () => dateIn(random));
if (file) {
  writeFileSync(file, pairs.map(({ source, target }) => `${source}\t${target}\n`).join(''));
  process.exit();
}
const device = await openDevice();
const config = { cell: 'gru', hidden: 48, layers: 1, embedding: 24, dropout: 0, feeding: 'context' } as const;
const translator = new Translator(device, sidesFor(pairs), config);
const task = translatorTraining(translator, pairs.slice(200), { validation: pairs.slice(0, 200), batch: 32, seed: 1 });
const options = {
  optimizer: { method: 'adam' },
  learningRate: 6e-3,
  clipNorm: 1,
  epochs: 3,
  validateEvery: 120,
} as const;
for await (const event of train(task, options)) {
  if (event.type === 'validation')
    console.log(`step ${event.step}: ${100 * event.metrics!.exact}% of new dates are right`);
}
const [{ text, alignment }] = await translator.translate(['Tuesday, March 7, 1995'], { beam: 3 });
console.log(`Tuesday, March 7, 1995 → ${text}`);
for (const [t, weights] of alignment!.weights.entries()) {
  const seen = alignment!.source.map((name, s) => (weights[s] > 0.2 ? name : ' ')).join('');
  console.log(`${alignment!.target[t]}   ${seen}`);
}
device.close();
