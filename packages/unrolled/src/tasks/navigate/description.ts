import { whole } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { listOf, listOfDifferent, mismatch, objectOf, optionsOf, type Schema, scalar, text } from '../../schema.ts';
import { taskName } from '../../train/description.ts';
import { wordVocabularyFields } from '../../words/description.ts';
import { navigatorKinds } from './config.ts';
import type { NavigatorDescription } from './model.ts';
import { type Angle, angles, type Pose } from './pose.ts';
import type { Kinds } from './senses.ts';
import { type Path, type Place, World, type WorldMap } from './world.ts';

const coordinate = scalar<number>(whole({ from: -1e6, to: 1e6 }));

const end: Schema<readonly [number, number]> = (value, place) => {
  const [x, y, ...more] = listOf(coordinate, 2)(value, place);
  if (more.length > 0) throw mismatch(place, 'two whole numbers, x and y', value);
  return [x, y];
};

const mapFields = objectOf<WorldMap>({
  name: text,
  places: listOf(objectOf<Place>({ x: coordinate, y: coordinate, item: text }), 1),
  paths: listOf(objectOf<Path>({ from: end, to: end, floor: text, wall: text })),
});

/** A map as plain data, whose paths join its places. */
export const worldMap: Schema<WorldMap> = (value, place) => {
  const map = mapFields(value, place);
  try {
    new World(map);
  } catch (error) {
    if (error instanceof DataError) throw mismatch(place, `a map that one can walk in (${error.message})`, value);
    throw error;
  }
  return map;
};

const angle = scalar<Angle>({
  must: `an angle: ${angles.join(', ')}`,
  fits: (value) => angles.includes(value as Angle),
});

export const poseSchema: Schema<Pose> = objectOf<Pose>({ x: coordinate, y: coordinate, angle });

/** The description of a navigator in a file. */
export const navigatorDescription: Schema<NavigatorDescription> = objectOf<NavigatorDescription>({
  task: taskName('navigate'),
  config: optionsOf(navigatorKinds),
  vocabulary: objectOf(wordVocabularyFields),
  kinds: objectOf<Kinds>({ items: listOfDifferent(text), floors: listOfDifferent(text), walls: listOfDifferent(text) }),
  maps: listOf(worldMap),
});
