import { type Kinds, required, requireOptions, seed as seedKind, whole } from '../../checks.ts';
import { Random } from '../../random.ts';
import type { Conversation, Turn } from './dialogue.ts';
import { colourNames, makeScene, type Scene, shapeNames, type Thing } from './scene.ts';

export interface ConversationOptions {
  readonly seed: number;
  /** Questions in a conversation, at most 20. Default 8. */
  readonly rounds?: number | undefined;
}

/** A scene, and what is asked and answered about it. */
export interface SceneDialogue extends Conversation {
  readonly scene: Scene;
}

type Attribute = 'colour' | 'shape' | 'size';

/** What has been said: on what the next question may build. */
interface Said {
  /** The thing that was singled out last: 'it'. */
  readonly topic: Thing;
  /** The attribute that was asked for last, if the last question asked for one. */
  readonly attribute: Attribute | null;
  /** The shape that the last question looked for, if it did. */
  readonly sought: Thing['shape'] | null;
}

interface Question {
  readonly text: string;
  readonly answer: string;
  readonly next: Said;
  /** What it tells, and of which thing: nothing is asked for twice. */
  readonly tells: readonly (readonly [Thing | null, string])[];
}

const directions = {
  'left of': ['left of', 'to the left of'],
  'right of': ['right of', 'to the right of'],
  above: ['above', 'over'],
  below: ['below', 'under'],
} as const;
type Direction = keyof typeof directions;

const rows = ['top', 'middle', 'bottom'] as const;
const columns = ['left', 'centre', 'right'] as const;
const numbers = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'] as const;
const plural = (shape: string): string => (shape === 'cross' ? 'crosses' : `${shape}s`);
const placeOf = ({ row, column }: Thing): string => `${rows[row]} ${columns[column]}`;
const nameOf = ({ size, colour, shape }: Thing): string => `a ${size} ${colour} ${shape}`;

/** The nearest thing in a direction, in the same row or column. */
function neighbour({ things }: Scene, of: Thing, direction: Direction): Thing | null {
  const [along, across] = direction.endsWith('of') ? (['column', 'row'] as const) : (['row', 'column'] as const);
  const sign = direction === 'left of' || direction === 'above' ? -1 : 1;
  const ahead = things.filter((one) => one[across] === of[across] && sign * (one[along] - of[along]) > 0);
  return ahead.reduce<Thing | null>(
    (best, one) => (best && Math.abs(best[along] - of[along]) < Math.abs(one[along] - of[along]) ? best : one),
    null,
  );
}

const pick = <One>(random: Random, list: readonly One[]): One => list[random.below(list.length)];

const kinds: Kinds<ConversationOptions> = { seed: required(seedKind), rounds: whole({ from: 1, to: 20 }) };

/**
 * A conversation about a scene, the same one for a seed. Its caption singles out a thing; later questions speak of 'it', of the one
 * left of it, of others with its colour, or leave out what the question before has said ('and a blue one?').
 * What 'it' is moves along: to a thing that an answer names or a question looks for and finds.
 */
export function makeConversation(scene: Scene, options: ConversationOptions): Conversation {
  requireOptions('makeConversation', options, kinds);
  const { seed, rounds = 8 } = options;
  const random = new Random(seed).fork('questions');
  const known = new Set<string>();
  const keyOf = (thing: Thing | null, what: string): string => `${thing ? scene.things.indexOf(thing) : ''} ${what}`;
  const first = pick(random, scene.things);
  const alone = (fits: (thing: Thing) => boolean): boolean => scene.things.filter(fits).length === 1;
  const few = alone(({ shape }) => shape === first.shape)
    ? { text: `a ${first.shape}`, tells: ['shape'] }
    : alone(({ shape, colour }) => shape === first.shape && colour === first.colour)
      ? { text: `a ${first.colour} ${first.shape}`, tells: ['shape', 'colour'] }
      : { text: nameOf(first), tells: ['shape', 'colour', 'size'] };
  for (const what of few.tells) known.add(keyOf(first, what));
  let said: Said = { topic: first, attribute: null, sought: null };
  const turns: Turn[] = [];
  while (turns.length < rounds) {
    const open = questionsAt(scene, said, random).filter(({ tells }) =>
      tells.every(([thing, what]) => !known.has(keyOf(thing, what))),
    );
    // Another draw has other words and colours.
    if (open.length === 0) continue;
    const { text, answer, next, tells } = pick(random, open);
    for (const [thing, what] of tells) known.add(keyOf(thing, what));
    turns.push({ question: text, answer });
    said = next;
  }
  return { caption: `${pick(random, ['a picture with', 'a drawing with', 'shapes, among them'])} ${few.text}`, turns };
}

/** One question of each kind that can be asked. */
function questionsAt(scene: Scene, said: Said, random: Random): Question[] {
  const { topic, attribute, sought } = said;
  const { things } = scene;
  const rest = { topic, attribute: null, sought: null } as const;
  const found: Question[] = [];
  const add = (text: string, answer: string, next: Said, tells: Question['tells']): void => {
    found.push({ text, answer, next, tells });
  };
  const asked = {
    colour: ['what colour is it?', 'which colour does it have?'],
    shape: ['what shape is it?', 'which shape does it have?'],
    size: ['is it small or large?', 'what size is it?'],
  } as const;
  for (const what of ['colour', 'shape', 'size'] as const) {
    add(pick(random, asked[what]), topic[what], { ...rest, attribute: what }, [[topic, what]]);
  }
  add('where is it?', placeOf(topic), rest, [[topic, 'place']]);

  const toThe = pick(random, Object.keys(directions) as Direction[]);
  const words = pick(random, directions[toThe]);
  const near = neighbour(scene, topic, toThe);
  const moved = { ...rest, topic: near ?? topic };
  const way = [topic, toThe] as const;
  const ofNear = (whats: readonly Attribute[]) => whats.flatMap((what) => (near ? [[near, what] as const] : []));
  add(`what is ${words} it?`, near ? nameOf(near) : 'nothing', moved, [way, ...ofNear(['colour', 'shape', 'size'])]);
  add(`is there ${pick(random, ['something', 'anything'])} ${words} it?`, near ? 'yes' : 'no', moved, [way]);
  if (attribute) {
    const one = near ? near[attribute] : 'nothing';
    add(`and the one ${words} it?`, one, { ...moved, attribute }, [way, ...ofNear([attribute])]);
  }

  const colour = pick(random, colourNames);
  const shape = pick(random, shapeNames);
  const many = (fits: (thing: Thing) => boolean): string => numbers[things.filter(fits).length];
  if (random.uniform() < 0.5) {
    const those = many((one) => one.colour === colour);
    add(`how many ${colour} things are there?`, those, rest, [[null, colour]]);
  } else {
    const those = many((one) => one.shape === shape);
    add(`how many ${plural(shape)} are there?`, those, rest, [[null, shape]]);
  }
  const shared = pick(random, ['colour', 'shape', 'size'] as const);
  add(
    pick(random, [`how many others have its ${shared}?`, `how many other things have the same ${shared}?`]),
    many((one) => one !== topic && one[shared] === topic[shared]),
    rest,
    [[topic, `others' ${shared}`]],
  );

  /** Looks for a colour and a shape, which at most one thing may have. */
  const seek = (text: string, look: Pick<Thing, 'colour' | 'shape'>): void => {
    const those = things.filter((one) => one.colour === look.colour && one.shape === look.shape);
    if (those.length > 1) return;
    const next = { topic: those[0] ?? topic, attribute: null, sought: look.shape };
    const tells = those.flatMap((one) => ['colour', 'shape', 'place'].map((what) => [one, what] as const));
    const answer = those.length > 0 ? `yes, ${placeOf(those[0])}` : 'no';
    add(text, answer, next, [[null, `${look.colour} ${look.shape}`], ...tells]);
  };
  const look = random.uniform() < 0.5 ? pick(random, things) : { colour, shape };
  seek(`is there a ${look.colour} ${look.shape}?`, look);
  if (sought) {
    const same = things.filter((one) => one.shape === sought);
    const other = random.uniform() < 0.5 && same.length > 0 ? pick(random, same).colour : colour;
    seek(`and a ${other} one?`, { colour: other, shape: sought });
  }
  return found;
}

/** Scenes of seeds from `seed` on, and a conversation about each. */
export function makeDialogues({
  seed,
  count: n,
  rounds,
}: ConversationOptions & { readonly count: number }): SceneDialogue[] {
  return Array.from({ length: n }, (_, i) => {
    const scene = makeScene({ seed: seed + i });
    return { scene, ...makeConversation(scene, { seed: seed + i, rounds }) };
  });
}
