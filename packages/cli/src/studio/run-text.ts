import { type NgramLadder, ngramLadder } from 'unrolled/tasks/language-model';
import { tokenizerFor } from 'unrolled/tokenizers';
import { joinTexts, readTextFiles } from '../input/text-files.ts';
import { readConfig } from '../run/config.ts';
import { RunFolder } from '../run/folder.ts';
import { languageModel } from '../tasks/language-model/trainable.ts';

/** Larger texts would block the server for too long. */
const mostBytes = 8 * 2 ** 20;

/**
 * The text of a run.
 * @returns null if the run is of another task, or its text was moved, changed or is larger than 8 MiB
 */
export function textOfRun(path: string): string | null {
  try {
    const { files } = readConfig(new RunFolder(path), languageModel);
    if (files.reduce((sum, { bytes }) => sum + bytes, 0) > mostBytes) return null;
    const found = readTextFiles(files.map((file) => file.path));
    return found.files.every(({ sha256 }, index) => sha256 === files[index].sha256) ? joinTexts(found) : null;
  } catch {
    return null;
  }
}

/** Cross-entropies of n-grams on the text of a character-level run; null if `textOfRun` is. */
export function ladderOfRun(path: string): NgramLadder | null {
  const text = textOfRun(path);
  if (text === null || readConfig(new RunFolder(path), languageModel).options.tokens !== 'char') return null;
  const tokenizer = tokenizerFor('char', text);
  return ngramLadder(tokenizer.encode(text), tokenizer.size);
}
