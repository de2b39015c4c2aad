import { statSync } from 'node:fs';
import { type LanguageModel, leaveOutUnknown, splitText } from 'unrolled/tasks/language-model';
import { Failure } from './failure.ts';
import { readConfig } from './run-config.ts';
import { RunFolder } from './run-folder.ts';
import { languageModel } from './tasks/language-model/trainable.ts';
import { joinTexts, readTextFiles, type TextFiles } from './text-files.ts';
import { shellWord } from './units.ts';

/** What a model is looked at with. */
export interface ReadText {
  readonly tokens: Int32Array;
  /** Which text it is, for people. */
  readonly name: string;
  /** Characters the model does not know, with how often each was left out. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/**
 * The texts that were named, or the validation part of the run's own; all of that where it is too short to have one.
 * @param command  how it was asked for, for what to do where there is none
 * @throws Failure if there is no text to be found
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
  const name = changed ? `${files} (it has changed since the run was trained on it)` : files;
  return validation.length > 0
    ? { tokens: validation, name: `the last tenth of ${name}`, leftOut }
    : { tokens, name, leftOut };
}

function ownText(command: string, run: string): { texts: TextFiles; changed: boolean } {
  const instead = `name one: unrolled ${command} ${shellWord(run)} text.txt`;
  const folder = new RunFolder(run);
  if (!statSync(run).isDirectory() || !folder.exists) {
    throw new Failure(`${run}: it does not say what text it was trained on; ${instead}`);
  }
  try {
    const { files } = readConfig(folder, languageModel);
    const texts = readTextFiles(files.map(({ path }) => path));
    return { texts, changed: texts.files.some(({ sha256 }, index) => sha256 !== files[index].sha256) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`the text of this run cannot be read: ${error.message}; ${instead}`, 1, { cause: error });
  }
}
