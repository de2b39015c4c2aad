import { type NavigationData, parseNavigation, worldsOf } from 'unrolled/tasks/navigate';
import { Failure } from '../../failure.ts';
import type { TextFiles } from '../../input/text-files.ts';

/**
 * The maps and routes in files, told apart by their content.
 * @throws DataError naming the file and what is wrong in it
 */
export function readNavigation({ files, texts }: TextFiles): NavigationData {
  const read = files.map(({ path }, i) => parseNavigation(texts[i], path));
  return { maps: read.flatMap(({ maps }) => maps), routes: read.flatMap(({ routes }) => routes) };
}

/** @throws Failure if there is no route; DataError if a map is missing */
export function requireRoutes({ maps, routes }: NavigationData, command: string): void {
  if (routes.length === 0) throw new Failure(`${command}: no routes given; name a file of instructions, too`);
  const worldOf = worldsOf(maps);
  for (const { map } of routes) worldOf(map);
}
