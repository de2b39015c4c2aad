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
const rows: { readonly name: string; readonly scores: NavigationScores }[] = [];
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
    for (const model of models)
      rows.push({ name: `beam ${beam}`, scores: await evaluateNavigator(model, data, { beam }) });
    const [first, ...ensemble] = models;
    rows.push({ name: `ensemble, beam ${beam}`, scores: await evaluateNavigator(first, data, { beam, ensemble }) });
  }
}
device.close();

const percent = (values: readonly (number | null)[]): string =>
  `${((100 * values.reduce<number>((sum, one) => sum + (one ?? 0), 0)) / values.length).toFixed(2)}%`;
for (const name of new Set(rows.map((row) => row.name))) {
  const scores = rows.filter((row) => row.name === name).map((row) => row.scores);
  const [sentences, paragraphs] = [scores.map((one) => one.sentences), scores.map((one) => one.paragraphs)];
  console.log(`${name}: sentences ${percent(sentences)}, paragraphs ${percent(paragraphs)}`);
}
