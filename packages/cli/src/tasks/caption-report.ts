import type { WrittenCaption, WrittenScores } from 'unrolled/tasks/caption';
import { printable } from '../output/text.ts';
import { countOf } from '../output/units.ts';

/** A caption for people, or the n best of them, each with its score. @param place  what it is about, after a tab; or nothing */
export function captionLines(
  { text, candidates }: WrittenCaption<unknown>,
  nBest: number | undefined,
  place: string,
): string {
  if (nBest === undefined) return `${printable(text)}${place}\n`;
  return candidates.map((one) => `${one.score.toFixed(3)}\t${printable(one.text)}${place}\n`).join('');
}

/** The same for programs. */
export function captionJson(found: WrittenCaption<unknown> | null): object {
  const { text = '', logProbability = 0, score = 0, ended = true, candidates = [] } = found ?? {};
  const others = candidates.map((one) => ({ text: one.text, logProbability: one.logProbability, score: one.score }));
  return { caption: text, logProbability, score, ended, candidates: others };
}

/** The scores that captions of anything have, in lines. */
export function writtenLines({ bleu, rougeL, ciderD, novel, vocabulary, meanLength }: WrittenScores): string[] {
  return [
    `BLEU-1 to 4  ${bleu.map((one) => one.toFixed(1)).join(' / ')}`,
    `ROUGE-L ${rougeL.toFixed(1)}, CIDEr-D ${ciderD.toFixed(1)}`,
    `captions have ${meanLength.toFixed(1)} words on average, ${countOf(vocabulary, 'different word')} in all` +
      `${novel === null ? '' : `; ${(100 * novel).toFixed(1)}% of them are new`}`,
  ];
}
