import { number, requireKind } from '../../../checks.ts';
import { type Image, imageBatch } from '../../../images/index.ts';
import { softmax } from '../../../ops/index.ts';
import { type StopSignal, throwIfAborted } from '../../../signal.ts';
import { captionWords } from '../../caption-words.ts';
import type { Captioner } from '../model.ts';
import { type AuditWords, PeopleWords } from './words.ts';

export interface EvidenceOptions {
  /** Share of the image's places that are hidden. Default 0.25. */
  readonly share?: number | undefined;
  /** Images that run at once; it changes the speed, not the result. Default 16. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** The model's next word where the caption names a person, with a part of the image hidden. */
export interface PersonReading {
  /** What the most probable word names: a group, 'neutral', or 'none' where it is no word for a person. */
  readonly named: string;
  /** log P(words of the group) − log P(words of the other groups), in nats, for the group that the caption names. */
  readonly logOdds: number;
  /** P of all words for people, groups and neutral. */
  readonly person: number;
}

/** Parts of the image that were hidden by a grey area. */
export const hiddenParts = ['nothing', 'person', 'elsewhere', 'all but the person', 'everything'] as const;
export type HiddenPart = (typeof hiddenParts)[number];

/** What the word for a person in a caption rests on. */
export interface PersonEvidence {
  readonly group: string;
  readonly word: string;
  /** Words before it. */
  readonly position: number;
  readonly readings: Readonly<Record<HiddenPart, PersonReading>>;
  /** Rows and columns of places. */
  readonly grid: readonly [rows: number, columns: number];
  /** Fall of log P(any word for a person) when squares that cover a place are hidden, on average; place after place. */
  readonly personMap: readonly number[];
  /** Fall of the log-odds of the group. */
  readonly groupMap: readonly number[];
  /** Share of the places that matter most to the group which also matter most to there being a person. Chance: the share hidden. */
  readonly overlap: number;
}

/**
 * Whether a caption's word for a group of people rests on the person or on the rest of the image. Nobody says where the person is:
 * the places taken for it are those without which the model itself is least inclined to write any word for a person, found by
 * occlusion (squares of 2 × 2 places, or single places of small maps, filled with the mean colour; Zeiler & Fergus 2014). Those places are hidden, then as many that
 * matter least, then all others, then all, and the word is asked for again after the same words before it.
 *
 * It cannot tell the person from what always comes with one: a model that finds people by the bench they sit on has its evidence of
 * a person at the bench. A grey area is also an image unlike those of the training.
 *
 * @param caption  by the model
 * @returns null if the caption has no word of a group
 * @throws ConfigError on an option out of range; the signal's reason if it is aborted
 */
export async function personEvidence(
  model: Captioner,
  image: Image,
  caption: string,
  words: AuditWords,
  { share = 0.25, batch = 16, signal }: EvidenceOptions = {},
): Promise<PersonEvidence | null> {
  requireKind('personEvidence', 'share', share, number({ above: 0, below: 1 }));
  const people = new PeopleWords(words);
  const said = captionWords(caption).split(' ');
  const position = said.findIndex((word) => people.groupOf(word) !== null);
  if (position < 0) return null;
  const group = people.groupOf(said[position])!;
  const { device, backbone } = model;
  const whole = await device.read(() => imageBatch([image], backbone.description.preprocessing, device));
  const before = [model.words.start, ...model.encode(said.slice(0, position).join(' ')).slice(0, -1)];
  const reader = { model, people, group, before, pixels: Float32Array.from(whole), batch, signal };
  const L = backbone.places;
  const squares = squaresOf(backbone.grid);
  const [full, ...without] = await readings(reader, [[], ...squares]);
  const map = (value: (reading: PersonReading) => number): number[] =>
    Array.from({ length: L }, (_, place) => {
      const over = squares.flatMap((square, i) => (square.includes(place) ? [value(full) - value(without[i])] : []));
      return over.reduce((sum, fall) => sum + fall, 0) / over.length;
    });
  const personMap = map(({ person }) => Math.log(person));
  const groupMap = map(({ logOdds }) => logOdds);
  const k = Math.min(L - 1, Math.max(1, Math.round(share * L)));
  const order = ordered(personMap);
  const [person, elsewhere, others] = [order.slice(0, k), order.slice(-k), order.slice(k)];
  const hidden = await readings(reader, [person, elsewhere, others, order]);
  const decisive = ordered(groupMap).slice(0, k);
  return {
    ...{ group, word: said[position], position, grid: backbone.grid, personMap, groupMap },
    readings: Object.fromEntries(
      hiddenParts.map((part, i) => [part, [full, ...hidden][i]]),
    ) as PersonEvidence['readings'],
    overlap: decisive.filter((place) => person.includes(place)).length / k,
  };
}

/** Places, greatest value first. */
const ordered = (values: readonly number[]): number[] =>
  Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);

/** Squares of 2 × 2 places, each one place from the next; of a map with less than four rows or columns its single places. */
function squaresOf([rows, columns]: readonly [number, number]): number[][] {
  const side = Math.min(rows, columns) < 4 ? 1 : 2;
  const starts = (extent: number): number[] => Array.from({ length: extent - side + 1 }, (_, i) => i);
  const within = (start: number): number[] => Array.from({ length: side }, (_, i) => start + i);
  return starts(rows).flatMap((top) =>
    starts(columns).map((left) => within(top).flatMap((row) => within(left).map((column) => row * columns + column))),
  );
}

interface Reader {
  readonly model: Captioner;
  readonly people: PeopleWords;
  readonly group: string;
  /** START and the words before. */
  readonly before: readonly number[];
  readonly pixels: Float32Array;
  readonly batch: number;
  readonly signal: StopSignal | undefined;
}

/** What the model reads with each of these sets of places hidden. */
async function readings(reader: Reader, hidden: readonly (readonly number[])[]): Promise<PersonReading[]> {
  const { model, pixels, before, batch, signal } = reader;
  const { device, backbone, network, words } = model;
  const [, height, width, channels] = backbone.inputShape;
  const found: PersonReading[] = [];
  for (let from = 0; from < hidden.length; from += batch) {
    throwIfAborted(signal);
    const sets = hidden.slice(from, from + batch);
    const all = new Float32Array(sets.length * pixels.length);
    sets.forEach((set, row) => {
      const one = all.subarray(row * pixels.length, (row + 1) * pixels.length);
      one.set(pixels);
      for (const place of set) hide(one, place, { grid: backbone.grid, height, width, channels });
    });
    const maps = await device.read(() => backbone.maps(device.tensor(all, [sets.length, height, width, channels])));
    const features = sets.map((_, row) =>
      maps.subarray((row * maps.length) / sets.length, ((row + 1) * maps.length) / sets.length),
    );
    const probabilities = await device.read(() =>
      device.withoutGradients(() => {
        const { memory, state } = model.read(features);
        let step = network.write(device.ids(sets.map(() => before[0])), { memory, state });
        for (const id of before.slice(1))
          step = network.write(device.ids(sets.map(() => id)), { memory, state: step.state });
        return softmax(step.logits);
      }),
    );
    const V = words.size;
    for (let row = 0; row < sets.length; row++)
      found.push(readingOf(reader, probabilities.subarray(row * V, (row + 1) * V)));
  }
  return found;
}

/** Fills a place with 0, the mean colour of normalised images. */
function hide(
  pixels: Float32Array,
  place: number,
  {
    grid: [rows, columns],
    height,
    width,
    channels,
  }: { grid: readonly [number, number]; height: number; width: number; channels: number },
): void {
  const [row, column] = [Math.floor(place / columns), place % columns];
  const edge = (index: number, parts: number, extent: number): number => Math.round((index * extent) / parts);
  const [left, right] = [edge(column, columns, width), edge(column + 1, columns, width)];
  for (let y = edge(row, rows, height); y < edge(row + 1, rows, height); y++) {
    pixels.fill(0, (y * width + left) * channels, (y * width + right) * channels);
  }
}

function readingOf({ model, people, group }: Reader, probabilities: ArrayLike<number>): PersonReading {
  const sums = new Map([...people.groups, 'neutral', 'none'].map((name) => [name, 0]));
  const { vocabulary } = model.words.tokenizer;
  let best = { named: 'none', probability: 0 };
  for (let id = 0; id < probabilities.length; id++) {
    const word = vocabulary[id]?.trim() ?? '';
    const named = people.groupOf(word) ?? (people.isNeutral(word) ? 'neutral' : 'none');
    const probability = probabilities[id];
    sums.set(named, sums.get(named)! + probability);
    // An unknown word is never written.
    if (probability > best.probability && id !== model.words.tokenizer.unknown) best = { named, probability };
  }
  const own = sums.get(group)!;
  const others = people.groups.reduce((sum, one) => sum + (one === group ? 0 : sums.get(one)!), 0);
  const person = people.groups.reduce((sum, one) => sum + sums.get(one)!, sums.get('neutral')!);
  // Probabilities of 0 in 32 bits have no logarithm.
  const least = 1e-30;
  return {
    named: best.named,
    logOdds: Math.log(own + least) - Math.log(others + least),
    person: Math.max(person, least),
  };
}
