// Draws docs/pictures/translation-curve.svg, BLEU of the validation pairs while translators trained:
//
//     node tools/translation-curve.ts runs/1 runs/2 runs/3

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineChart } from 'unrolled/charts';

const runs = process.argv.slice(2);
if (runs.length === 0) throw new Error('node tools/translation-curve.ts runs/1 runs/2 runs/3');
const series = runs.map((run) => {
  const { seed } = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')).options;
  const events = readFileSync(join(run, 'events.jsonl'), 'utf8').trimEnd().split('\n');
  const points = events
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'validation')
    .map(({ step, metrics }) => [step, metrics.bleu] as const);
  return { name: `seed ${seed}`, points };
});
const chart = lineChart({
  title: 'German to English, Multi30k',
  description:
    'BLEU (13a, cased) of greedy translations of the 1,014 validation pairs. Made by: node tools/translation-curve.ts runs/…',
  x: { label: 'step (64 pairs)', from: 0 },
  y: { label: 'BLEU', from: 0 },
  series,
});
writeFileSync(new URL('../docs/pictures/translation-curve.svg', import.meta.url), chart);
