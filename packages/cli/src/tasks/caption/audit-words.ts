import { Option } from 'commander';
import { type AuditWords, auditWordsSchema, defaultAuditWords } from 'unrolled/tasks/caption';
import { Failure } from '../../failure.ts';
import type { ImageFolder } from '../image-folder.ts';

export const wordsOption = (): Option =>
  new Option(
    '--words <file>',
    'JSON of { groups, neutral, contexts }: the words for people, objects and activities (default: English ones)',
  );

/** The word lists of a file; those of the library without one. @throws Failure saying what is wrong with the file */
export function auditWordsOf(file: ImageFolder | undefined): AuditWords {
  if (file === undefined) return defaultAuditWords;
  if (file.text === null) throw new Failure(`${file.path}: it is a folder; give a file of JSON with lists of words`);
  const { path, text } = file.text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Failure(`${path}: it is not JSON; caption audit --print-words prints lists to begin with`, 1, { cause });
  }
  return auditWordsSchema(value, path);
}
