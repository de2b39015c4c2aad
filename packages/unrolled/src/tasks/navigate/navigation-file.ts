import { flag } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { listOf, objectOf, optional, parseWith, type Schema, scalar, text } from '../../schema.ts';
import { poseSchema, worldMap } from './description.ts';
import type { NavigationData } from './evaluate.ts';
import type { Route } from './routes.ts';
import { parseSail } from './sail.ts';
import type { WorldMap } from './world.ts';

const route: Schema<Route> = objectOf<Route>({
  ...{ map: text, id: text, text },
  path: listOf(poseSchema, 1),
  paragraph: scalar<boolean>(flag),
});

interface OwnFile {
  readonly maps?: readonly WorldMap[] | undefined;
  readonly routes?: readonly Route[] | undefined;
}
const own: Schema<OwnFile> = objectOf<OwnFile>({
  maps: optional(listOf(worldMap)),
  routes: optional(listOf(route)),
});

/**
 * Reads maps and routes from JSON: a file of SAIL's layout (`parseSail`), or `{ maps, routes }` as the library has them, either
 * of which may be missing.
 * @throws DataError naming the file and what is wrong in it
 */
export function parseNavigation(json: string, name = 'file'): NavigationData {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch (cause) {
    throw new DataError(`${name}: is not JSON: ${(cause as Error).message}`, { name }, { cause });
  }
  if (Array.isArray((content as OwnFile | null)?.maps) || Array.isArray((content as OwnFile | null)?.routes)) {
    const { maps = [], routes = [] } = parseWith(own, content, name);
    return { maps, routes };
  }
  const found = parseSail(content, name);
  return 'map' in found ? { maps: [found.map], routes: [] } : { maps: [], routes: found.routes };
}
