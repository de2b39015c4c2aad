/**
 * A walker learns to follow instructions in a house of rooms, which it sees as small images; then it walks in another house.
 *
 *     node examples/navigate.ts
 */
import { openDevice } from 'unrolled';
import {
  follow,
  knowledgeOf,
  makeRooms,
  makeRoutes,
  Navigator,
  navigatorTraining,
  World,
} from 'unrolled/tasks/navigate';
import { train } from 'unrolled/train';

const maps = [1, 2].map((seed) => makeRooms({ seed, columns: 2, rows: 1 }));
const routes = maps.flatMap((map) => makeRoutes(new World(map), { seed: 1, count: 60, parts: 1 }));

const device = await openDevice();
const sizes = { cell: 'lstm', hidden: 32, layers: 1, embedding: 16, senses: 32, dropout: 0 } as const;
const navigator = new Navigator(device, knowledgeOf(maps, routes), { ...sizes, view: 'image' });
const task = navigatorTraining(navigator, { maps, routes }, { batch: 20, seed: 1 });
for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 5e-3, clipNorm: 1, epochs: 8 })) {
  if (event.type === 'progress') console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`);
}

const world = new World(makeRooms({ seed: 3, columns: 2, rows: 1 }));
const start = { x: 0, y: 1, angle: 90 } as const;
for (const text of ['turn left', 'turn around', 'go as far as you can']) {
  const [{ actions }] = await follow([navigator], [{ world, start, text }]);
  console.log(`${text} → ${actions.join(' ')}`);
}
device.close();
