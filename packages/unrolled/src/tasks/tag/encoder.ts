import { padSequences } from '../../data/padding.ts';
import { DataError } from '../../errors.ts';
import type { Context } from '../../nn/layer.ts';
import { dropRare, wordIds } from '../../words/index.ts';
import type { TaggedSentence } from './conll.ts';
import { inScheme, type TagVocabulary } from './vocabulary.ts';

/** A batch of sentences, and the spellings of its distinct words. */
export interface EncodedSentences {
  readonly lengths: readonly number[];
  /** `[T, B]` */
  readonly shape: readonly number[];
  readonly words: Float64Array;
  /** Index of each word's spelling. */
  readonly places: Float64Array;
  /** Ids of each word's characters, at least one. */
  readonly spellings: ReturnType<typeof padSequences>;
}

/** Longer words lose their middle. */
const maxLength = 48;

const shortened = (ids: readonly number[]): readonly number[] =>
  ids.length > maxLength ? [...ids.slice(0, maxLength / 2), ...ids.slice(-maxLength / 2)] : ids;

/** Words, characters and tags as ids. */
export class TagEncoder {
  readonly #vocabulary: TagVocabulary;
  readonly #wordId: (word: string) => number;
  readonly #characters: ReadonlyMap<string, number>;
  readonly #tags: ReadonlyMap<string, number>;

  constructor(vocabulary: TagVocabulary) {
    this.#vocabulary = vocabulary;
    this.#wordId = wordIds(vocabulary);
    this.#characters = new Map(vocabulary.characters.map((character, index) => [character, index + 1]));
    this.#tags = new Map(vocabulary.tags.map((tag, id) => [tag, id]));
  }

  /** Whether the word has a vector of its own, as it is written or in small letters. */
  knows(word: string): boolean {
    return this.#wordId(word) > 0;
  }

  encode(sentences: readonly (readonly string[])[], context: Context): EncodedSentences {
    const { wordCounts, characterCounts } = this.#vocabulary;
    const different = new Map<string, number>();
    const placeOf = (word: string): number => {
      const place = different.get(word) ?? different.size;
      different.set(word, place);
      return place;
    };
    const places = padSequences(sentences.map((words) => words.map(placeOf))).values;
    const ids = sentences.map((words) => words.map((word) => dropRare(this.#wordId(word), wordCounts, context)));
    const spellings = Array.from(different.keys(), (word) =>
      shortened(
        Array.from(word || ' ', (character) =>
          dropRare(this.#characters.get(character) ?? 0, characterCounts, context),
        ),
      ),
    );
    const { values, shape, lengths } = padSequences(ids);
    return { words: values, shape, lengths, places, spellings: padSequences(spellings) };
  }

  /** Ids of tags in any scheme; −1 for one the model does not have. */
  tagIds(tags: readonly string[]): number[] {
    return inScheme(tags, this.#vocabulary.scheme).map((tag) => this.#tags.get(tag) ?? -1);
  }

  /** @throws DataError on a tag the model does not have */
  requireTagIds({ words, tags }: TaggedSentence): number[] {
    const ids = this.tagIds(tags);
    const odd = ids.indexOf(-1);
    if (odd >= 0) {
      const names = [...this.#tags.keys()];
      const known = `${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`;
      throw new DataError(
        `tag: '${words[odd].slice(0, 60)}' has the tag '${tags[odd].slice(0, 60)}', which the model does not have; it has ${known}`,
        { tag: tags[odd] },
      );
    }
    return ids;
  }
}
