/**
 * SAIL, leave one map out: trains on two maps and tests on the third, all three ways, for each seed; then the models of all seeds
 * together as an ensemble. Models that are there already are not trained again.
 *
 *     node tools/sail-scores.ts sail runs [seeds] [options of navigate train …]
 *     node tools/sail-scores.ts sail runs 1,2,3 --threads 1
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDevice } from 'unrolled';
import { evaluateNavigator, type NavigationScores, Navigator, parseNavigation } from 'unrolled/tasks/navigate';

const [sail, runs, seeds = '1,2,3', ...options] = process.argv.slice(2);
const maps = ['grid', 'jelly', 'l'];
const command = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));
const file = (kind: string, map: string): string =>
  kind === 'map' ? join(sail, 'maps', `map-${map}.json`) : join(sail, 'instructions', `${kind}.${map}.json`);
const read = (kind: string, map: string) => parseNavigation(readFileSync(file(kind, map), 'utf8'), file(kind, map));

const device = await openDevice('wasm', { threads: 1 });
const rows: { readonly name: string; readonly seed: string; readonly scores: NavigationScores }[] = [];
for (const test of maps) {
  const from = maps.filter((map) => map !== test);
  const models = seeds.split(',').map((seed) => {
    const out = join(runs, `${test}-${seed}`);
    const best = join(out, 'checkpoints', 'best.safetensors');
    if (!existsSync(best)) {
      const files = ['map', 'SingleSentence'].flatMap((kind) => from.map((map) => file(kind, map)));
      const args = ['navigate', 'train', ...files, '--seed', seed, '--out', out, ...options];
      const { status } = spawnSync(process.execPath, [command, ...args], { stdio: 'inherit' });
      if (status !== 0) process.exit(status ?? 1);
    }
    return Navigator.load(device, readFileSync(best));
  });
  const data = {
    maps: read('map', test).maps,
    routes: [...read('SingleSentence', test).routes, ...read('ParagraphRandom', test).routes],
  };
  for (const beam of [1, 10]) {
    const search = beam === 1 ? 'greedy' : `beam ${beam}`;
    for (const [i, model] of models.entries()) {
      rows.push({ name: search, seed: seeds.split(',')[i], scores: await evaluateNavigator(model, data, { beam }) });
    }
    const [first, ...ensemble] = models;
    const scores = await evaluateNavigator(first, data, { beam, ensemble });
    rows.push({ name: `ensemble, ${search}`, seed: seeds, scores });
  }
}
device.close();

const mean = (values: readonly (number | null)[]): number =>
  (100 * values.reduce<number>((sum, one) => sum + (one ?? 0), 0)) / values.length;

/** The mean over the three maps for each seed: their mean, and the lowest and highest. */
function overSeeds(name: string, kind: 'sentences' | 'paragraphs'): string {
  const own = rows.filter((row) => row.name === name);
  const means = [...new Set(own.map(({ seed }) => seed))].map((seed) =>
    mean(own.filter((row) => row.seed === seed).map(({ scores }) => scores[kind])),
  );
  const range = means.length > 1 ? ` (${Math.min(...means).toFixed(1)} to ${Math.max(...means).toFixed(1)})` : '';
  return `${kind} ${(mean(means) / 100).toFixed(2)}%${range}`;
}
for (const name of new Set(rows.map((row) => row.name))) {
  console.log(`${name}: ${overSeeds(name, 'sentences')}, ${overSeeds(name, 'paragraphs')}`);
}
