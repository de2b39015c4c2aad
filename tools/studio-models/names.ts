import type { Random } from 'unrolled';
import type { TaggedSentence } from 'unrolled/tasks/tag';

const first =
  `Ada Alan Alice Anna Ben Carla Charles Clara David Edith Emma Felix Grace Hannah Henry Ida Ivan James Jane Jonas
  Julia Karl Laura Leo Linda Louis Lucy Mara Maria Mark Marta Mary Nina Noah Olga Oscar Paul Peter Robert Rosa Sara Simon
  Sofia Thomas Tilda Victor Walter`.split(/\s+/);
const last =
  `Adams Babbage Baker Becker Brown Byron Clark Cooper Curie Darwin Euler Fischer Fleming Foster Franklin Gauss
  Hopper Keller Lang Lewis Lovelace Martin Mendel Meyer Miller Moore Nelson Newton Noether Olsen Parker Pascal Rossi
  Schmidt Shelley Silva Somerville Stein Turing Wagner Walker Weber White Wright Young`.split(/\s+/);
const places =
  `Amsterdam Athens Basel Berlin Boston Brazil Cairo Canada Chicago Dublin Egypt Finland Florence France Geneva
  Ghana Hamburg Helsinki Iceland India Italy Japan Kenya Kyoto Lima Lisbon London Madrid Milan Munich Nairobi Naples Norway
  Oslo Paris Peru Poland Portugal Prague Rome Spain Sweden Tokyo Turin Vienna Warsaw Zurich`.split(/\s+/);
const weekdays = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');

const patterns = [
  'PERSON was born in PLACE .',
  'PERSON lives in PLACE with PERSON .',
  'In PLACE , PERSON met PERSON .',
  'PERSON wrote to PERSON from PLACE .',
  'The streets of PLACE are empty .',
  'PLACE is a town near PLACE .',
  'Nobody in PLACE knows PERSON !',
  'On DAY , PERSON travelled from PLACE to PLACE .',
  'Did PERSON read the letter from PERSON ?',
  'The train to PLACE leaves on DAY .',
  'A book by PERSON was found in PLACE .',
  'PERSON and PERSON studied in PLACE .',
  'She has never been to PLACE .',
  'He called PERSON on DAY .',
  'My friend PERSON moved to PLACE last year .',
  'It rained in PLACE all week .',
  'The letter was long , and it made her laugh .',
  'Every DAY they sing in the old house .',
];

const of = (list: readonly string[], random: Random): string => list[random.below(list.length)];

/** Some names are of letters as they come, so that how a name is written and where it stands count, not only which it is. */
function invented(random: Random): string {
  const syllable = (): string => of([...'bdfklmnprst'], random) + of([...'aeiou'], random);
  const [initial, ...rest] = Array.from({ length: 2 + random.below(2) }, syllable).join('');
  return initial.toUpperCase() + rest.join('');
}

function nameOf(kind: string, random: Random): string[] {
  if (kind === 'place') return [random.below(4) === 0 ? invented(random) : of(places, random)];
  const given = random.below(5) === 0 ? invented(random) : of(first, random);
  return random.below(2) === 0 ? [given] : [given, random.below(4) === 0 ? invented(random) : of(last, random)];
}

/** A sentence with people and places marked. */
export function sentenceIn(random: Random): TaggedSentence {
  const parts = of(patterns, random)
    .split(' ')
    .map((word) => {
      if (word === 'DAY') return { words: [of(weekdays, random)], tags: ['O'] };
      if (word !== 'PERSON' && word !== 'PLACE') return { words: [word], tags: ['O'] };
      const kind = word.toLowerCase();
      const words = nameOf(kind, random);
      return { words, tags: words.map((_, i) => `${i === 0 ? 'B' : 'I'}-${kind}`) };
    });
  return { words: parts.flatMap(({ words }) => words), tags: parts.flatMap(({ tags }) => tags) };
}
