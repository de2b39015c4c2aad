import { pairLines, parsePairs, type TranslationPair } from 'unrolled/tasks/translate';
import { Failure } from '../../failure.ts';
import type { TextFiles } from '../../input/text-files.ts';

/**
 * Reads pairs from tab-separated tables, or from one file of sources and one of translations, line by line.
 * @throws Failure or DataError naming the file, and the line that is wrong
 */
export function readPairs({ files, texts }: TextFiles, targets: TextFiles | null = null): TranslationPair[] {
  if (targets === null) return files.flatMap(({ path }, i) => parsePairs(texts[i], path));
  if (files.length > 1) {
    throw new Failure(`${files[1].path}: --target goes with one file of sources; concatenate them`);
  }
  return pairLines(texts[0], targets.texts[0], [files[0].path, targets.files[0].path]);
}
