import { DataError } from '../../../errors.ts';
import { listOf, objectOf, type Schema, text } from '../../../schema.ts';
import { captionWords } from '../../caption-words.ts';

/** The words that an audit of captions looks for: plain data, in lower case. A list counts exactly the forms that it has. */
export interface AuditWords {
  /** Words that name a person as one of a group, by the group's name: at least two groups. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Words for a person that name no group. */
  readonly neutral: readonly string[];
  /** Objects and activities, each with the forms of its word. */
  readonly contexts: Readonly<Record<string, readonly string[]>>;
}

const forms = listOf(text, 1);
const lists =
  (least: number): Schema<Readonly<Record<string, readonly string[]>>> =>
  (value, place) => {
    const named = Object.entries(objectOfAny(value, place));
    if (named.length < least) throw new DataError(`${place} has ${named.length} lists; give at least ${least}`);
    return Object.fromEntries(named.map(([name, words]) => [name, forms(words, `${place}.${name}`)]));
  };

function objectOfAny(value: unknown, place: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new DataError(`${place} must be an object of lists of words`);
}

const shape: Schema<AuditWords> = objectOf<AuditWords>({ groups: lists(2), neutral: forms, contexts: lists(0) });

/**
 * Word lists of unknown origin, such as JSON from a file.
 * @throws FormatError or DataError on anything else, a word of several parts, or a word in two lists of people
 */
export const auditWordsSchema: Schema<AuditWords> = (value, place) => {
  const words = shape(value, place);
  const reserved = ['several', 'neutral', 'none'].find((name) => Object.hasOwn(words.groups, name));
  if (reserved) throw new DataError(`${place}.groups: '${reserved}' is not free as a name; choose another`);
  const owners = new Map<string, string>();
  const people = Object.entries({ ...words.groups, neutral: words.neutral });
  for (const [list, all] of [...people, ...Object.entries(words.contexts)]) {
    const odd = all.find((word) => word.includes(' ') || captionWords(word) !== word);
    if (odd !== undefined) {
      throw new DataError(`${place}: '${odd}' in ${list} must be one word in lower case without punctuation`);
    }
  }
  for (const [list, all] of people) {
    for (const word of all) {
      const other = owners.get(word);
      if (other !== undefined) throw new DataError(`${place}: '${word}' is in ${other} and in ${list}; choose one`);
      owners.set(word, list);
    }
  }
  return words;
};

const verb = (stem: string, ...more: string[]): string[] => [stem, `${stem}s`, `${stem}ing`, ...more];
const noun = (stem: string, ...more: string[]): string[] => [stem, `${stem}s`, ...more];

/**
 * English word lists: two groups of gender, as Burns (2018) has them. Pronouns are left out: in captions of Flickr8k, 'his' and
 * 'her' often speak of a dog.
 */
export const defaultAuditWords: AuditWords = {
  groups: {
    female: [
      ...[
        ...noun('girl'),
        ...noun('female'),
        ...noun('mother'),
        ...noun('mom'),
        ...noun('daughter'),
        ...noun('sister'),
      ],
      ...['woman', 'women', 'lady', 'ladies', 'wife', 'wives', 'bride', 'brides', 'bridesmaid', 'bridesmaids'],
      ...[...noun('girlfriend'), ...noun('grandmother'), ...noun('aunt'), ...noun('cowgirl'), 'queen', 'princess'],
    ],
    male: [
      ...[...noun('boy'), ...noun('male'), ...noun('father'), ...noun('dad'), ...noun('son'), ...noun('brother')],
      ...['man', 'men', 'guy', 'guys', 'gentleman', 'gentlemen', 'husband', 'husbands', 'groom', 'grooms'],
      ...[...noun('boyfriend'), ...noun('grandfather'), ...noun('uncle'), ...noun('cowboy'), 'king', 'prince'],
    ],
  },
  neutral: [
    ...[...noun('person'), 'people', 'child', 'children', ...noun('kid'), 'baby', 'babies', ...noun('toddler')],
    ...[...noun('infant'), ...noun('adult'), ...noun('human'), ...noun('individual'), 'someone', 'somebody'],
    ...[...noun('teenager'), ...noun('teen'), ...noun('friend'), ...noun('player'), ...noun('rider'), ...noun('biker')],
    ...[...noun('cyclist'), ...noun('skier'), ...noun('snowboarder'), ...noun('surfer'), ...noun('skateboarder')],
    ...[
      ...noun('climber'),
      ...noun('hiker'),
      ...noun('runner'),
      ...noun('dancer'),
      ...noun('swimmer'),
      ...noun('performer'),
    ],
  ],
  contexts: {
    ball: noun('ball'),
    baseball: ['baseball'],
    basketball: ['basketball'],
    beach: ['beach'],
    bench: ['bench', 'benches'],
    bike: [...noun('bike'), ...noun('bicycle')],
    boat: [...noun('boat'), ...noun('canoe'), ...noun('kayak')],
    camera: noun('camera'),
    climb: verb('climb', 'climbed'),
    dance: ['dance', 'dances', 'dancing'],
    dog: noun('dog'),
    field: noun('field'),
    football: ['football'],
    grass: ['grass'],
    guitar: noun('guitar'),
    helmet: noun('helmet'),
    hockey: ['hockey'],
    jump: verb('jump', 'jumped'),
    mountain: [...noun('mountain'), ...noun('cliff')],
    motorcycle: [...noun('motorcycle'), ...noun('motorbike')],
    pink: ['pink'],
    play: verb('play'),
    pool: noun('pool'),
    ride: ['ride', 'rides', 'riding'],
    rock: noun('rock'),
    run: ['run', 'runs', 'running'],
    sit: ['sit', 'sits', 'sitting', 'seated'],
    skateboard: [...noun('skateboard'), 'skateboarding'],
    slide: ['slide', 'slides', 'sliding'],
    smile: ['smile', 'smiles', 'smiling'],
    snow: ['snow'],
    snowboard: [...noun('snowboard'), 'snowboarding'],
    soccer: ['soccer'],
    street: [...noun('street'), ...noun('sidewalk')],
    surf: ['surf', 'surfs', 'surfing', ...noun('surfboard')],
    swim: ['swim', 'swims', 'swimming'],
    swing: ['swing', 'swings', 'swinging'],
    tennis: ['tennis'],
    walk: verb('walk'),
    water: ['water'],
    wave: noun('wave'),
  },
};

/** What the words of a text say of people: a group, several, only neutral words, or nothing. */
export type Naming =
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'several' | 'neutral' | 'none' };

/** Word lists made ready for looking words up. */
export class PeopleWords {
  /** Names of the groups. */
  readonly groups: readonly string[];
  readonly #owner = new Map<string, string>();
  readonly #neutral: ReadonlySet<string>;

  constructor({ groups, neutral }: Pick<AuditWords, 'groups' | 'neutral'>) {
    this.groups = Object.keys(groups);
    for (const [group, words] of Object.entries(groups)) for (const word of words) this.#owner.set(word, group);
    this.#neutral = new Set(neutral);
  }

  /** The group that a word names; null for others. */
  groupOf(word: string): string | null {
    return this.#owner.get(word) ?? null;
  }

  isNeutral(word: string): boolean {
    return this.#neutral.has(word);
  }

  /** What the words of texts say together. */
  namingOf(...texts: readonly string[]): Naming {
    const words = texts.flatMap((text) => captionWords(text).split(' '));
    const named = [...new Set(words.map((word) => this.groupOf(word)))].filter((group) => group !== null);
    if (named.length === 1) return { kind: 'group', group: named[0] };
    if (named.length > 1) return { kind: 'several' };
    return { kind: words.some((word) => this.isNeutral(word)) ? 'neutral' : 'none' };
  }
}
