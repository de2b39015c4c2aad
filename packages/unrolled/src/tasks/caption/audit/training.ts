import { number, required, requireKind } from '../../../checks.ts';
import { DataError } from '../../../errors.ts';
import type { TokenAlternatives } from '../../../nn/seq2seq/loss.ts';
import { Random } from '../../../random.ts';
import type { Side } from '../../../tokenizers/side.ts';
import { type AuditWords, PeopleWords } from './words.ts';

/** Which words name a person, as `AuditWords` has them. */
export type PeopleLists = Pick<AuditWords, 'groups' | 'neutral'>;

/**
 * Balanced resampling: how often each image is taken in an epoch so that all groups have the same number of images. An image is of
 * a group if its captions name that one alone; those of smaller groups are taken several times, chosen by the seed, all others once.
 * @throws DataError if a group has no image
 */
export function balancedCounts(captions: readonly (readonly string[])[], lists: PeopleLists, seed: number): number[] {
  const words = new PeopleWords(lists);
  const members = new Map(words.groups.map((group) => [group, [] as number[]]));
  captions.forEach((texts, image) => {
    const naming = words.namingOf(...texts);
    if (naming.kind === 'group') members.get(naming.group)!.push(image);
  });
  const empty = [...members].find(([, images]) => images.length === 0);
  if (empty) {
    throw new DataError(
      `balance: no image has captions that name '${empty[0]}' alone; give other words or more images`,
      {
        group: empty[0],
      },
    );
  }
  const most = Math.max(...[...members.values()].map(({ length }) => length));
  const counts = captions.map(() => 1);
  for (const [group, images] of members) {
    const order = new Random(seed).fork(`balance ${group}`).permutation(images.length);
    for (let more = images.length; more < most; more++) counts[images[order[more % images.length]]]++;
  }
  return counts;
}

/** Asks for a neutral word where a caption names a group. */
export interface NeutralWords {
  readonly lists: PeopleLists;
  /** λ. */
  readonly weight: number;
}

/**
 * The neutral-word loss: at the words of captions that name a group, λ · −log Σ_{v neutral} p(v) is added. Where a share b of the
 * references is neutral and a share a names a group, at the optimum the neutral words have λ + b/a times the probability of all
 * words of groups: the surer a model must be to name one, the greater λ.
 * @throws ConfigError if λ is negative; DataError if the vocabulary has no neutral word
 */
export function neutralAlternatives({ tokenizer }: Side, { lists, weight }: NeutralWords): TokenAlternatives {
  requireKind('neutralWords', 'weight', weight, required(number({ from: 0 })));
  const people = new PeopleWords(lists);
  const ids = tokenizer.vocabulary.map((token, id) => ({ word: token.trim(), id }));
  const tokens = ids.filter(({ word }) => people.isNeutral(word)).map(({ id }) => id);
  if (tokens.length === 0) throw new DataError('neutralWords: the vocabulary has none of the neutral words');
  const at = ids.filter(({ word }) => people.groupOf(word) !== null).map(({ id }) => id);
  return { at: new Set(at), tokens, weight };
}
