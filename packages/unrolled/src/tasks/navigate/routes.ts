import { DataError } from '../../errors.ts';
import { type Action, actions, ahead, angles, type Pose, STOP, samePlace, showPose, turned } from './pose.ts';
import type { World } from './world.ts';

/** An instruction and the path of who followed it. */
export interface Route {
  /** Name of the map. */
  readonly map: string;
  readonly id: string;
  /** One sentence, or a paragraph of several. */
  readonly text: string;
  readonly path: readonly Pose[];
  /** Whether the text is followed sentence by sentence, and only the place where it ends counts. */
  readonly paragraph: boolean;
}

/** The sentences of a paragraph. */
export const sentencesOf = (text: string): string[] => {
  const sentences = text.split(/[.!?;]+(?:\s+|$)/u).filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
  return sentences.length > 0 ? sentences.map((sentence) => sentence.trim()) : [text.trim()];
};

/** The words of an instruction, in lower case. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}'’]+/gu) ?? [];

/**
 * The actions, as ids, that lead along a path, and `stop`. Half a turn is two turns to the right.
 * @throws DataError naming the step that is neither a turn nor a step ahead
 */
export function actionsAlong(path: readonly Pose[], place = 'path'): number[] {
  const taken: Action[] = [];
  for (const [i, next] of path.slice(1).entries()) {
    const before = path[i];
    if (samePlace(before, next)) {
      const by = turned(next.angle, -before.angle);
      taken.push(...({ 0: [], 90: ['right'], 180: ['right', 'right'], 270: ['left'] } as const)[by]);
    } else {
      const straight = ahead(before, before.angle);
      if (next.angle !== before.angle || straight.x !== next.x || straight.y !== next.y) {
        throw new DataError(
          `${place}: step ${i + 1} goes from ${showPose(before)} to ${showPose(next)}, which is neither a turn nor a step ahead`,
          { step: i + 1 },
        );
      }
      taken.push('forward');
    }
  }
  return [...taken.map((action) => actions.indexOf(action)), STOP];
}

/** @throws DataError if the path leaves the map, or goes where there is no path */
export function requireOnMap(world: World, { id, path }: Route, place = `route ${id}`): void {
  const off = path.findIndex((pose) => world.placeAt(pose) === null);
  if (off >= 0) {
    throw new DataError(`${place}: step ${off} of the path, ${showPose(path[off])}, is no place of map ${world.name}`, {
      step: off,
    });
  }
  const cut = path.findIndex((pose, i) => {
    const next = path[i + 1];
    return (
      next &&
      !samePlace(pose, next) &&
      !angles.some((angle) => {
        const there = ahead(pose, angle);
        return there.x === next.x && there.y === next.y && world.pathFrom(pose, angle);
      })
    );
  });
  if (cut >= 0) {
    throw new DataError(
      `${place}: step ${cut + 1} goes from ${showPose(path[cut])} to ${showPose(path[cut + 1])}, where map ${world.name} has no path`,
      { step: cut + 1 },
    );
  }
}
