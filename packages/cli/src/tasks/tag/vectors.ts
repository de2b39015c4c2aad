import { createReadStream } from 'node:fs';
import { readWordVectors, type TaggedSentence, type WordVectors } from 'unrolled/tasks/tag';
import { describeSystemError, Failure } from '../../failure.ts';

/**
 * Word vectors from a file of any length: of all words in the sentences, and of so many others.
 * @throws Failure if the file cannot be read; DataError naming the line that is wrong
 */
export async function readVectors(
  path: string,
  sentences: readonly TaggedSentence[],
  others: number | undefined,
): Promise<WordVectors> {
  const words = sentences.flatMap((sentence) => sentence.words);
  const wanted = new Set([...words, ...words.map((word) => word.toLowerCase())]);
  try {
    return await readWordVectors(createReadStream(path, { encoding: 'utf8', highWaterMark: 2 ** 20 }), {
      wanted,
      others,
      name: path,
    });
  } catch (error) {
    const reason = describeSystemError(error);
    if (reason === null) throw error;
    throw new Failure(`${path}: ${reason}`, 1, { cause: error });
  }
}
