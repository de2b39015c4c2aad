import { statSync } from 'node:fs';
import { type LanguageModel, leaveOutUnknown, splitText } from 'unrolled/tasks/language-model';
import { Failure } from '../../failure.ts';
import { joinTexts, readTextFiles, type TextFiles } from '../../input/text-files.ts';
import { shellWord } from '../../output/units.ts';
import { readConfig } from '../../run/config.ts';
import { RunFolder } from '../../run/folder.ts';
import { languageModel } from './trainable.ts';

/** A text to inspect a model with. */
export interface ReadText {
  readonly tokens: Int32Array;
  /** Its name, to print. */
  readonly name: string;
  /** Characters the model does not know, which were left out, with their counts. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/**
 * The given texts, or the validation part of the run's own text; all of it if it is too short to have one.
 * @param command  for the hint of an error
 * @throws Failure if there is no text
 */
export function readText(model: LanguageModel, command: string, run: string, paths: readonly string[]): ReadText {
  if (paths.length > 0) {
    const { text, leftOut } = leaveOutUnknown(model.tokenizer, joinTexts(readTextFiles(paths)));
    return { tokens: model.tokenizer.encode(text), name: paths.join(', '), leftOut };
  }
  const { texts, changed } = ownText(command, run);
  const { text, leftOut } = leaveOutUnknown(model.tokenizer, joinTexts(texts));
  const tokens = model.tokenizer.encode(text);
  const { validation } = splitText(tokens);
  const files = texts.files.map(({ path }) => path).join(', ');
  const name = changed ? `${files} (changed since the training)` : files;
  return validation.length > 0
    ? { tokens: validation, name: `the last tenth of ${name}`, leftOut }
    : { tokens, name, leftOut };
}

function ownText(command: string, run: string): { texts: TextFiles; changed: boolean } {
  const instead = `give one: npx unrolled ${command} ${shellWord(run)} text.txt`;
  const folder = new RunFolder(run);
  if (!statSync(run).isDirectory() || !folder.exists) {
    throw new Failure(`${run}: a checkpoint file does not tell which text it was trained on; ${instead}`);
  }
  try {
    const { files } = readConfig(folder, languageModel);
    const texts = readTextFiles(files.map(({ path }) => path));
    return { texts, changed: texts.files.some(({ sha256 }, index) => sha256 !== files[index].sha256) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`cannot read the text of this run: ${error.message}; ${instead}`, 1, { cause: error });
  }
}
