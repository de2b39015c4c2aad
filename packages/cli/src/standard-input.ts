import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { textStream } from './text-files.ts';

/** The lines of the standard input that are not empty, so many at a time; decompressed if it is gzip. */
export async function* linesFromStandardInput(most: number): AsyncGenerator<string[]> {
  let waiting: string[] = [];
  const input = Readable.from(textStream('-'));
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') waiting.push(line);
    // Whoever types waits for an answer; a file is read many lines at a time.
    if (waiting.length < most && !process.stdin.isTTY) continue;
    yield waiting;
    waiting = [];
  }
  if (waiting.length > 0) yield waiting;
}

/** All of the standard input, as text; decompressed if it is gzip. */
export async function standardInput(): Promise<string> {
  let text = '';
  for await (const piece of textStream('-')) text += piece;
  return text;
}
