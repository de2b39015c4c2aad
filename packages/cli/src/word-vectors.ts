import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Option } from 'commander';
import { readWordVectors, type WordVectors } from 'unrolled/words';
import { describeSystemError, Failure } from './failure.ts';
import { option, whole } from './options.ts';
import { countOf, formatCount } from './units.ts';

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
  try {
    return await readWordVectors(openText(path), { wanted, others, name: path });
  } catch (error) {
    const damaged = String((error as NodeJS.ErrnoException).code).startsWith('Z_');
    const reason = damaged ? 'its gzip data is damaged' : describeSystemError(error);
    if (reason === null) throw error;
    throw new Failure(`${path}: ${reason}`, 1, { cause: error });
  }
}

/** The text of a file, plain or gzipped, in chunks. */
function openText(path: string): Readable {
  const head = new Uint8Array(2);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, 2, 0);
  } finally {
    closeSync(file);
  }
  const bytes = createReadStream(path, { highWaterMark: 2 ** 20 });
  if (head[0] !== 0x1f || head[1] !== 0x8b) return bytes.setEncoding('utf8');
  const text = createGunzip();
  // A failure to read must end the other stream, too.
  bytes.on('error', (error) => text.destroy(error)).pipe(text);
  return text.setEncoding('utf8');
}
