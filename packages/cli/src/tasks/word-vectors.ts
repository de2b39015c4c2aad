import { resolve } from 'node:path';
import { Option } from 'commander';
import { readWordVectors, type WordVectors } from 'unrolled/words';
import { textStream } from '../input/text-files.ts';
import { option, whole } from '../options/parse.ts';
import { countOf, formatCount } from '../output/units.ts';

/** Options of tasks that can start from pretrained word vectors. */
export interface VectorOptions {
  /** The absolute path of a file with word vectors. */
  vectors?: string;
  /** How many vectors of words outside the training text are kept. */
  vectorWords?: number;
}

export const vectorOptions = (): Option[] => [
  new Option('--vectors <file>', "pretrained word vectors in GloVe's text format").argParser((path: string) =>
    resolve(path),
  ),
  option('--vector-words <n>', 'most vectors to keep of words outside the training text (default 100,000)', whole(0)),
];

/** `20,000 vectors of dimension 100; 87.1% of the words have one, 12,345 are of other words` */
export function describeVectors(vectors: WordVectors, trainingWords: Iterable<string>): string {
  const given = new Set(vectors.words);
  const seen = new Set(trainingWords);
  const found = [...seen].filter((word) => given.has(word) || given.has(word.toLowerCase())).length;
  const others = vectors.words.filter((word) => !seen.has(word)).length;
  return (
    `${countOf(vectors.words.length, 'vector')} of dimension ${vectors.size}; ` +
    `${((100 * found) / seen.size).toFixed(1)}% of the words have one, ${formatCount(others)} are of other words`
  );
}

/**
 * Reads word vectors from a file of any length: those of all the given words, and of some others.
 * @throws Failure if the file cannot be read; DataError naming the line that is wrong
 */
export async function readVectors(
  path: string,
  words: Iterable<string>,
  others: number | undefined,
): Promise<WordVectors> {
  const wanted = new Set<string>();
  for (const word of words) wanted.add(word).add(word.toLowerCase());
  return readWordVectors(textStream(path), { wanted, others, name: path });
}
