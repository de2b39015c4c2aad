import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { joinTexts, readTextFiles, textStream } from './text-files.ts';

/** The lines of the standard input, blank ones too, in batches of at most `most`; decompressed if it is gzip. */
export async function* linesFromStandardInput(most: number): AsyncGenerator<string[]> {
  let waiting: string[] = [];
  const input = Readable.from(textStream('-'));
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    waiting.push(line);
    // A person who types waits for the answer; a file is read many lines at a time.
    if (waiting.length < most && !process.stdin.isTTY) continue;
    yield waiting;
    waiting = [];
  }
  if (waiting.length > 0) yield waiting;
}

/** The lines of a text file, blank ones too. @throws Failure if it cannot be read */
export const linesOfFile = (path: string): string[] =>
  joinTexts(readTextFiles([path]))
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);

/** All of the standard input, as text; decompressed if it is gzip. */
export async function standardInput(): Promise<string> {
  let text = '';
  for await (const piece of textStream('-')) text += piece;
  return text;
}
