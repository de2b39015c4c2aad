import { DataError } from '../../errors.ts';
import { type Pose, turned } from './pose.ts';
import type { Route } from './routes.ts';
import { type Path, type Place, World, type WorldMap } from './world.ts';

type Json = Readonly<Record<string, unknown>>;

/** A file of SAIL's layout: a map, or instructions with their paths. */
export type SailFile = { readonly map: WorldMap } | { readonly routes: readonly Route[] };

/**
 * Reads a file of the SAIL route instructions (MacMahon 2006; Chen & Mooney 2011), parsed from JSON: a map
 * `{ map: { _name, nodes: { node: [{ _x, _y, _item }] }, edges: { edge: [{ _node1: '0,5', _node2, _wall, _floor }] } } }`, or
 * instructions `{ examples: { example: [{ _id, _map, instruction, path: '[(x, y, angle), …]' }] } }`; those with `_start` or
 * `_end` are paragraphs.
 * @throws DataError naming the file and what is wrong in it
 */
export function parseSail(content: unknown, name = 'file'): SailFile {
  const { map, examples } = (content ?? {}) as { map?: unknown; examples?: { example?: unknown } };
  if (map !== undefined) return { map: mapOf(map as Json, name) };
  if (Array.isArray(examples?.example)) {
    return { routes: examples.example.map((one, i) => routeOf(one as Json, `${name}: example ${i + 1}`)) };
  }
  throw new DataError(`${name}: holds neither a map ({ map: … }) nor instructions ({ examples: { example: […] } })`, {
    name,
  });
}

function mapOf(map: Json, file: string): WorldMap {
  const listIn = (group: string, item: string): Json[] => {
    const list = (map[group] as Json | undefined)?.[item];
    if (!Array.isArray(list)) throw new DataError(`${file}: map.${group}.${item} must be a list`, { file });
    return list;
  };
  const places = listIn('nodes', 'node').map(({ _x, _y, _item }, i): Place => {
    const place = `${file}: node ${i + 1}`;
    return { x: whole(_x, place, '_x'), y: whole(_y, place, '_y'), item: String(_item ?? '') };
  });
  const paths = listIn('edges', 'edge').map(({ _node1, _node2, _floor, _wall }, i): Path => {
    const place = `${file}: edge ${i + 1}`;
    return {
      ...{ from: pairOf(_node1, place, '_node1'), to: pairOf(_node2, place, '_node2') },
      ...{ floor: String(_floor ?? ''), wall: String(_wall ?? '') },
    };
  });
  const found: WorldMap = { name: String(map._name ?? file), places, paths };
  try {
    new World(found);
  } catch (error) {
    if (error instanceof DataError) throw new DataError(`${file}: ${error.message}`, error.details);
    throw error;
  }
  return found;
}

function routeOf(example: Json, place: string): Route {
  const inner = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? (value as Json).__text : value;
  const { _id, _map, _start, _end, instruction, path } = example;
  const text = inner(instruction);
  if (typeof text !== 'string' || text.trim() === '') throw new DataError(`${place}: has no instruction`, { place });
  if (typeof _map !== 'string') throw new DataError(`${place}: names no map; give it _map`, { place });
  return {
    ...{ map: _map, id: String(_id ?? '') },
    text: text.replace(/\s+/g, ' ').trim(),
    path: pathOf(inner(path), place),
    paragraph: _start !== undefined || _end !== undefined,
  };
}

function pathOf(value: unknown, place: string): Pose[] {
  const poses = [...String(value ?? '').matchAll(/\(([^()]*)\)/g)].map(([, numbers]) => numbers.split(',').map(Number));
  const odd = poses.find((one) => one.length !== 3 || !one.every(Number.isInteger) || one[2] % 90 !== 0);
  if (poses.length === 0 || odd) {
    throw new DataError(
      `${place}: the path must be a list of (x, y, angle), the angle 0, 90, 180 or 270` +
        (odd ? `; received (${odd})` : ''),
      { place },
    );
  }
  return poses.map(([x, y, angle]) => ({ x, y, angle: turned(0, angle) }));
}

function whole(value: unknown, place: string, field: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (Number.isSafeInteger(number)) return number as number;
  throw new DataError(`${place}: ${field} must be a whole number, received '${value}'`, { place });
}

function pairOf(value: unknown, place: string, field: string): [number, number] {
  const parts = String(value ?? '').split(',');
  if (parts.length !== 2) throw new DataError(`${place}: ${field} must be 'x,y', received '${value}'`, { place });
  return [whole(parts[0], place, field), whole(parts[1], place, field)];
}
