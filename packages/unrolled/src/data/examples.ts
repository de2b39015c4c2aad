import { hashText } from '../random.ts';
import type { ExampleLengths } from './batches.ts';

/**
 * Examples that are read when a batch needs them, such as images in files, so that a data set may be larger than memory.
 */
export interface ExampleSource<Example> extends ExampleLengths {
  /**
   * Identifies the data, such as a hash of its files' hashes: a run resumes only with the examples it was trained on.
   */
  readonly fingerprint: number | string;
  /** Reads one of them, counted from 0. */
  read(index: number): Example | Promise<Example>;
}

/** Examples in memory, or a source of them. */
export type Examples<Example> = readonly Example[] | ExampleSource<Example>;

/** The source of examples in memory. @param lengthOf  steps of an example. Default: unknown */
export function sourceOf<Example>(
  examples: Examples<Example>,
  lengthOf?: ((example: Example) => number) | undefined,
): ExampleSource<Example> {
  if (!Array.isArray(examples)) return examples as ExampleSource<Example>;
  const list = examples as readonly Example[];
  let fingerprint: number | null = null;
  return {
    length: list.length,
    // Only a checkpoint needs it.
    get fingerprint() {
      fingerprint ??= list.reduce((hash, example) => hashText(JSON.stringify(example), hash), list.length);
      return fingerprint;
    },
    read: (index) => list[index],
    ...(lengthOf && { lengthOf: (index) => lengthOf(list[index]) }),
  };
}

/** Examples changed by a function as they are read. Those in memory are changed at once. */
export function mapExamples<Example, Result>(
  examples: Examples<Example>,
  change: (example: Example) => Result,
): Examples<Result> {
  if (Array.isArray(examples)) return examples.map(change);
  const source = examples as ExampleSource<Example>;
  return {
    length: source.length,
    fingerprint: source.fingerprint,
    ...(source.lengthOf && { lengthOf: (index) => source.lengthOf!(index) }),
    read(index) {
      const example = source.read(index);
      return example instanceof Promise ? example.then(change) : change(example);
    },
  };
}
