import type { Image } from '../../images/index.ts';
import { sentenceWords } from '../sentence-encoder.ts';

/** A question about an image and its answer. */
export interface Turn {
  readonly question: string;
  readonly answer: string;
  /** Answers to rank, the right one among them. Default: none. */
  readonly candidates?: readonly string[] | undefined;
}

/** What is said about an image: its caption, then questions and answers. */
export interface Conversation {
  /** '' for none. */
  readonly caption: string;
  readonly turns: readonly Turn[];
}

export interface Dialogue extends Conversation {
  readonly image: Image;
}

/**
 * Whether a question points back at what was said: it begins with 'and', or has a word such as it, its, one or they.
 * Questions without such a word may still need the history.
 */
export const refersBack = (question: string): boolean => {
  const words = sentenceWords(question);
  return words[0] === 'and' || words.some((word) => pointers.has(word));
};

const pointers = new Set(
  ['it', 'its', 'one', 'ones', 'other', 'others', 'they', 'them', 'their', 'he', 'his', 'him', 'she', 'her'].concat([
    ...['that', 'those', 'these', 'this', 'same'],
  ]),
);
