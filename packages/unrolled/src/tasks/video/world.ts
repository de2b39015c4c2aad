import { count, type Kinds, listOfKind, oneOf, requireOptions, seed as seedKind, whole } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import { Random } from '../../random.ts';
import { type Action, actions, motions } from './motions.ts';

export { type Action, actions };

const colours: Readonly<Record<string, readonly [number, number, number]>> = {
  red: [235, 60, 50],
  green: [60, 200, 80],
  blue: [70, 110, 250],
  yellow: [240, 215, 60],
  pink: [240, 120, 210],
  white: [245, 245, 245],
};
const forms = ['square', 'circle', 'cross'] as const;

/** A coloured shape. */
export interface Shape2d {
  readonly colour: string;
  readonly form: (typeof forms)[number];
}

/** Something that happens in a video, from one frame to another. */
export interface VideoEvent {
  readonly action: Action;
  /** First frame. */
  readonly start: number;
  /** After its last frame. */
  readonly end: number;
  /** Who does it, and to whom. */
  readonly actors: readonly Shape2d[];
  /** In a sentence: 'the red square follows the blue circle'. */
  readonly caption: string;
}

/** A video of moving shapes, with what happens in it. */
export interface GeneratedVideo {
  readonly frames: readonly Image[];
  /** By their first frames. */
  readonly events: readonly VideoEvent[];
}

export interface VideosOptions {
  readonly count: number;
  readonly seed: number;
  /** Width and height in pixels. Default 24. */
  readonly size?: number | undefined;
  /** Frames of each event: the fewest and the most. Default [8, 14]. */
  readonly length?: readonly [least: number, most: number] | undefined;
  /** What happens. Default: every action. */
  readonly actions?: readonly Action[] | undefined;
  /** Events in each video, one after the other, with pauses between them. Default 1, without pauses. */
  readonly events?: number | undefined;
  /** Rows of the picture in which events happen at the same time, each with `events` of its own. Default 1. */
  readonly rows?: number | undefined;
}

const kinds: Kinds<VideosOptions> = {
  count: { ...count, optional: false },
  seed: { ...seedKind, optional: false },
  size: whole({ from: 12, to: 256 }),
  length: {
    must: 'two whole numbers from 2, the second not below the first',
    fits: (value) =>
      Array.isArray(value) &&
      value.length === 2 &&
      value.every((one) => Number.isInteger(one) && one >= 2) &&
      value[0] <= value[1],
  },
  actions: listOfKind(oneOf(actions)),
  events: whole({ from: 1, to: 50 }),
  rows: whole({ from: 1, to: 4 }),
};

/**
 * Videos of shapes on black that enter, leave, collide, orbit, follow and swap, with the times and the captions of what happens.
 * The same seed gives the same bytes.
 * @throws ConfigError on an option out of range
 *
 * @example
 * const videos = makeVideos({ count: 200, seed: 1, actions: ['collide', 'orbit'] });
 * const examples = videos.map(({ frames, events: [{ action }] }) => ({ clip: { frames }, label: action }));
 */
export function makeVideos(options: VideosOptions): GeneratedVideo[] {
  requireOptions('makeVideos', options, kinds);
  const { seed, size = 24, rows = 1 } = options;
  if (size / rows < 12)
    throw new ConfigError(`makeVideos: ${rows} rows of ${size} pixels are too low; give a size from ${12 * rows}`);
  return Array.from({ length: options.count }, (_, i) => makeVideo(new Random(seed).fork(`video ${i}`), options));
}

/** A shape at a place, of one frame. */
interface Drawn {
  readonly shape: Shape2d;
  readonly x: number;
  readonly y: number;
  readonly top: number;
  readonly bottom: number;
}

function makeVideo(
  random: Random,
  { size = 24, length = [8, 14], actions: known = actions, events: each = 1, rows = 1 }: VideosOptions,
): GeneratedVideo {
  const pauses = each > 1 || rows > 1;
  const events: VideoEvent[] = [];
  const drawn: Drawn[][] = [];
  const names = random.permutation(Object.keys(colours).length);
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = [Math.round((row * size) / rows), Math.round(((row + 1) * size) / rows)];
    let now = 0;
    for (let n = 0; n < each; n++) {
      if (pauses) now += random.below(5);
      const action = known[random.below(known.length)];
      const frames = length[0] + random.below(length[1] - length[0] + 1);
      // Other colours in each row, so that a caption names one event.
      const own = names.filter((_, i) => i % rows === row);
      const first = random.below(own.length);
      const actors = [0, 1].map((a) => ({
        colour: Object.keys(colours)[own[(first + a) % own.length]],
        form: forms[random.below(forms.length)],
      }));
      const motion = motions[action]({ width: size, height: bottom - top, radius: radiusOf(size, rows) }, random);
      const used = actors.slice(0, motion.actors);
      for (let t = 0; t < frames; t++) {
        const at = motion.at(frames === 1 ? 0 : t / (frames - 1));
        while (drawn.length <= now + t) drawn.push([]);
        for (const [a, [x, y]] of at.entries()) drawn[now + t].push({ shape: used[a], x, y: top + y, top, bottom });
      }
      events.push({ action, start: now, end: now + frames, actors: used, caption: captionOf(action, used) });
      now += frames;
    }
    if (pauses) now += random.below(3);
    while (drawn.length < now) drawn.push([]);
  }
  events.sort((a, b) => a.start - b.start || a.end - b.end);
  return { frames: drawn.map((shapes) => render(shapes, size, radiusOf(size, rows))), events };
}

const radiusOf = (size: number, rows: number): number => size / (rows > 1 ? 12 : 9);

function captionOf(action: Action, actors: readonly Shape2d[]): string {
  const [a, b] = actors.map(({ colour, form }) => `the ${colour} ${form}`);
  if (b === undefined) return `${a} ${action === 'enter' ? 'enters' : 'leaves'}`;
  if (action === 'collide') return `${a} collides with ${b}`;
  if (action === 'swap') return `${a} swaps places with ${b}`;
  return `${a} ${action}s ${b}`;
}

/** Draws shapes, the later ones over the earlier ones. */
function render(shapes: readonly Drawn[], size: number, radius: number): Image {
  const data = new Uint8Array(3 * size * size);
  for (const { shape, x, y, top, bottom } of shapes) {
    const colour = colours[shape.colour];
    for (let row = Math.max(top, Math.floor(y - radius)); row <= Math.min(bottom - 1, Math.ceil(y + radius)); row++) {
      for (
        let column = Math.max(0, Math.floor(x - radius));
        column <= Math.min(size - 1, Math.ceil(x + radius));
        column++
      ) {
        const [dx, dy] = [Math.abs(column + 0.5 - x) / radius, Math.abs(row + 0.5 - y) / radius];
        if (!covers[shape.form](dx, dy)) continue;
        for (let c = 0; c < 3; c++) data[3 * (row * size + column) + c] = colour[c];
      }
    }
  }
  return { width: size, height: size, channels: 3, data };
}

/** Whether a form of radius 1 covers a point of the first quadrant. */
const covers: Readonly<Record<Shape2d['form'], (dx: number, dy: number) => boolean>> = {
  square: (dx, dy) => Math.max(dx, dy) <= 0.85,
  circle: (dx, dy) => dx * dx + dy * dy <= 1,
  cross: (dx, dy) => Math.min(dx, dy) <= 0.35 && Math.max(dx, dy) <= 1,
};

/** A clip with a label: 'the first follows the second', or the other way round. */
export interface OrderPair {
  readonly frames: readonly Image[];
  readonly label: 'red follows blue' | 'blue follows red';
}

/**
 * Pairs of clips that only the order of their frames tells apart: in the first of each pair a red square follows a blue circle or
 * the other way round, and the second has the same frames from the last to the first, in which the other one follows. Whatever
 * does not depend on the order, such as the mean of features, gives both the same answer, and so is right half of the time.
 * @throws ConfigError on an option out of range
 */
export function makeOrderPairs(options: Pick<VideosOptions, 'count' | 'seed' | 'size' | 'length'>): OrderPair[] {
  requireOptions('makeOrderPairs', options as VideosOptions, kinds);
  const { seed, size = 24, length = [8, 14] } = options;
  return Array.from({ length: options.count }, (_, i) => {
    const random = new Random(seed).fork(`pair ${i}`);
    const motion = motions.follow({ width: size, height: size, radius: radiusOf(size, 1) }, random);
    const red: Shape2d = { colour: 'red', form: 'square' };
    const blue: Shape2d = { colour: 'blue', form: 'circle' };
    const redFollows = random.uniform() < 0.5;
    const actors = redFollows ? [red, blue] : [blue, red];
    const T = length[0] + random.below(length[1] - length[0] + 1);
    const frames = Array.from({ length: T }, (__, t) => {
      const places = motion.at(t / (T - 1));
      const shapes = places.map(([x, y], a) => ({ shape: actors[a], x, y, top: 0, bottom: size }));
      // Which is drawn over the other must not depend on who follows.
      return render(redFollows ? shapes : shapes.toReversed(), size, radiusOf(size, 1));
    });
    const label = (first: boolean): OrderPair['label'] => (first ? 'red follows blue' : 'blue follows red');
    return [
      { frames, label: label(redFollows) },
      { frames: frames.toReversed(), label: label(!redFollows) },
    ];
  }).flat();
}
