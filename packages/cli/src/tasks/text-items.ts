import { Option } from 'commander';
import { parseInput, type Task, type TaskTypes } from 'unrolled/tasks';
import { Failure } from '../failure.ts';
import { linesFromStandardInput, linesOfFile } from '../input/lines.ts';
import type { Given, Item } from './task-commands.ts';

/** Flags of a `predict` whose inputs are texts. */
export interface TextFlags {
  file?: string;
  jsonInput?: boolean;
}

export const textOptions = (): Option[] => [
  new Option('--file <file>', 'read the lines of a file'),
  new Option('--json-input', 'each line or text is JSON'),
];

export const textsArgument = {
  name: '[texts...]',
  description: 'the texts (default: the lines of the standard input)',
} as const;

/** Lines that are predicted from together; a person who types waits for each. */
const together = 64;

/** The texts that were given as arguments; or the lines of --file or of the standard input. */
export async function* textItems<T extends TaskTypes>(
  task: Task<T>,
  { texts, flags: { file, jsonInput } }: Given<TextFlags>,
): AsyncGenerator<readonly Item<T['input']>[]> {
  let count = 0;
  const itemOf = (text: string): Item<T['input']> => {
    count++;
    if (text.trim() === '') return { text, input: null };
    const place = `${texts.length > 0 ? 'text' : 'line'} ${count}`;
    const value = jsonInput ? parsed(text, place) : text;
    return { text: typeof value === 'string' ? value : text, input: parseInput(task, value, place) };
  };
  for await (const lines of lineBatches(texts, file)) yield lines.map(itemOf);
}

/** What was given as arguments, or the lines of a file or of the standard input; in batches. */
export async function* lineBatches(
  given: readonly string[],
  file: string | undefined,
): AsyncGenerator<readonly string[]> {
  if (given.length > 0) yield given;
  else if (file !== undefined) {
    const lines = linesOfFile(file);
    for (let start = 0; start < lines.length; start += together) yield lines.slice(start, start + together);
  } else yield* linesFromStandardInput(together);
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure(`${place}: it is not JSON; write a text in quotes, or leave out --json-input`, 1, { cause });
  }
}
