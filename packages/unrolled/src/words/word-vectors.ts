import { DataError } from '../errors.ts';

/** Pretrained word vectors. */
export interface WordVectors {
  readonly words: readonly string[];
  /** E, the dimension. */
  readonly size: number;
  /** `[words, E]`, row by row. */
  readonly values: Float32Array;
}

export interface WordVectorOptions {
  /** Words whose vectors are kept wherever the file has them, such as those of the training text. */
  readonly wanted?: ReadonlySet<string> | undefined;
  /** How many others are kept, from the top: files begin with the most frequent words. Default 100,000. */
  readonly others?: number | undefined;
  /** What errors call the file. Default 'word vectors'. */
  readonly name?: string | undefined;
}

/**
 * Reads word vectors in GloVe's text format: a word and its numbers on each line, separated by spaces. A first line of two
 * whole numbers (count and dimension, as word2vec and fastText write it) is skipped. If a word occurs twice, the first
 * vector is used.
 *
 * @param pieces  the file's text, in chunks of any length: such files do not fit into one string
 * @throws DataError naming the line that has more or fewer numbers than the first, or a value that is not a number
 *
 * @example
 * const vectors = await readWordVectors(createReadStream('glove.6B.100d.txt', 'utf8'));          // in Node
 * const vectors = await readWordVectors(response.body.pipeThrough(new TextDecoderStream()));     // in a page
 */
export async function readWordVectors(
  pieces: AsyncIterable<string> | Iterable<string>,
  { wanted, others = 100_000, name = 'word vectors' }: WordVectorOptions = {},
): Promise<WordVectors> {
  const words = new Map<string, number>();
  const rows: Float32Array[] = [];
  let [line, size, left] = [0, 0, others];
  const read = (text: string): void => {
    line++;
    const parts = text.trimEnd().split(' ');
    if (parts.length === 1 && parts[0] === '') return;
    if (line === 1 && parts.length === 2 && parts.every((part) => /^\d+$/.test(part))) return;
    if (size === 0) size = parts.length - 1;
    // A word may have spaces in it; the numbers are the last ones.
    const word = parts.slice(0, parts.length - size).join(' ');
    if (parts.length <= size || size === 0) {
      throw new DataError(
        `${name}: line ${line} has ${parts.length - 1} numbers, the first line has ${size}; give a word and its numbers`,
        { line, received: parts.length - 1, expected: size },
      );
    }
    if (words.has(word) || (left === 0 && !wanted?.has(word))) return;
    const row = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      const part = parts[parts.length - size + i];
      row[i] = Number(part);
      if (part === '' || !Number.isFinite(row[i])) {
        throw new DataError(`${name}: line ${line} has '${part}' where a number is expected`, { line });
      }
    }
    if (!wanted?.has(word)) left--;
    words.set(word, rows.length);
    rows.push(row);
  };
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const text of lines) read(text);
  }
  if (rest !== '') read(rest);
  if (rows.length === 0) throw new DataError(`${name}: there is no vector in it`);
  const values = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) values.set(row, i * size);
  return { words: [...words.keys()], size, values };
}
