import { type NgramLadder, ngramLadder } from 'unrolled/tasks/language-model';
import { tokenizerFor } from 'unrolled/tokenizers';
import { readConfig } from '../run-config.ts';
import { RunFolder } from '../run-folder.ts';
import { languageModel } from '../tasks/language-model/trainable.ts';
import { joinTexts, readTextFiles } from '../text-files.ts';

/** Larger texts would keep the server from answering for too long. */
const mostBytes = 8 * 2 ** 20;

/**
 * How well n-grams foretell the text of a run: the text itself does not leave the server.
 * @returns null where it is not known: a run of another task or on other tokens, a text that is gone or was changed
 */
export function ladderOfRun(path: string): NgramLadder | null {
  try {
    const { options, files } = readConfig(new RunFolder(path), languageModel);
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    if (options.tokens !== 'char' || total > mostBytes) return null;
    const found = readTextFiles(files.map((file) => file.path));
    if (found.files.some(({ sha256 }, index) => sha256 !== files[index].sha256)) return null;
    const text = joinTexts(found);
    const tokenizer = tokenizerFor('char', text);
    return ngramLadder(tokenizer.encode(text), tokenizer.size);
  } catch {
    return null;
  }
}
