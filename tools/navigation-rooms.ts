/**
 * Writes houses of rooms with instructions, for `unrolled navigate train --view image`: `train.json`; `practice.json`,
 * other houses to walk in (`--method reinforce`); `validation.json`, held-out houses in `rooms.json`, and held-out pairs of colour
 * and shape in `pairs.json`.
 *
 *     node tools/navigation-rooms.ts folder [houses]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeRooms, makeRoutes, type RoutesOptions, World } from 'unrolled/tasks/navigate';

const [folder = 'rooms', houses = '120'] = process.argv.slice(2);

/** @param first  seed of the first house */
function write(name: string, first: number, count: number, routes: number, mention: RoutesOptions['mention']): void {
  const maps = Array.from({ length: count }, (_, i) => makeRooms({ seed: first + i }));
  const all = maps.flatMap((map) => makeRoutes(new World(map), { seed: 7, count: routes, mention }));
  writeFileSync(join(folder, name), JSON.stringify({ maps, routes: all }));
  console.log(`${name}: ${all.length} instructions in ${count} houses`);
}

mkdirSync(folder, { recursive: true });
write('train.json', 1000, Number(houses), 50, 'known');
write('practice.json', 5000, Number(houses), 50, 'known');
write('validation.json', 2000, 10, 20, 'known');
write('rooms.json', 3000, 20, 25, 'known');
write('pairs.json', 4000, 20, 15, 'held');
