import { createInterface } from 'node:readline';

/** The lines of the standard input that are not empty, so many at a time. */
export async function* linesFromStandardInput(most: number): AsyncGenerator<string[]> {
  let waiting: string[] = [];
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') waiting.push(line);
    // Whoever types waits for an answer; a file is read many lines at a time.
    if (waiting.length < most && !process.stdin.isTTY) continue;
    yield waiting;
    waiting = [];
  }
  if (waiting.length > 0) yield waiting;
}

/** All of the standard input, as text. */
export async function standardInput(): Promise<string> {
  let text = '';
  for await (const piece of process.stdin.setEncoding('utf8')) text += piece;
  return text;
}
