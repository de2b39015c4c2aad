import { spansOf } from '../../metrics/spans.ts';
import type { Word } from '../../words/index.ts';

/** A word of a text with its tag. */
export interface TaggedWord extends Word {
  readonly tag: string;
}

/** A span of a text, in UTF-16 units. */
export interface TextSpan {
  readonly type: string;
  readonly text: string;
  readonly start: number;
  /** After its last character. */
  readonly end: number;
}

export interface TaggedText {
  readonly words: readonly TaggedWord[];
  /** Empty where tags do not mark spans. */
  readonly spans: readonly TextSpan[];
}

/** @param marksSpans  whether tags mark spans, or stand for themselves */
export function taggedText(
  text: string,
  words: readonly Word[],
  tags: readonly string[],
  marksSpans: boolean,
): TaggedText {
  const spans = marksSpans ? spansOf(tags) : [];
  return {
    words: words.map((word, i) => ({ ...word, tag: tags[i] })),
    spans: spans.map((span) => {
      const [start, end] = [words[span.start].start, words[span.end - 1].end];
      return { type: span.type, text: text.slice(start, end), start, end };
    }),
  };
}
