import { Option } from 'commander';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import {
  type ConllColumns,
  formatConll,
  parseConllWords,
  type TaggedSentence,
  type Tagger,
  type TagInput,
} from 'unrolled/tasks/tag';
import { standardInput } from '../../input/lines.ts';
import { joinTexts, readTextFiles } from '../../input/text-files.ts';
import type { UseFlags } from '../../options/use.ts';
import { readConfig } from '../../run/config.ts';
import { folderOf } from '../../run/load.ts';
import type { EvaluatePart, Given, Item, PredictPart, Used } from '../task-commands.ts';
import { type TextFlags, textItems, textOptions } from '../text-items.ts';
import { tagColumnOption, wordColumnOption } from './options.ts';
import { describeEvaluation, showText } from './report.ts';
import { readSentences, tag } from './trainable.ts';

type Types = TypesOf<'tag'>;

interface PredictFlags extends UseFlags, TextFlags {
  conll?: boolean;
  wordColumn?: number;
}

const predict: PredictPart<Types, PredictFlags, Item<TagInput>> = {
  description: 'tag the words of texts',
  argument: { name: '[texts...]', description: 'texts, one sentence each (default: the lines of the standard input)' },
  instead: ['file', 'conll'],
  options: () => [
    ...textOptions(),
    new Option('--conll', 'read and write one word per line, with a blank line after each sentence'),
    wordColumnOption(),
  ],
  help: `
Examples:
  unrolled tag predict runs/names "Ada Lovelace wrote to Charles Babbage."
  unrolled tag predict runs/names --file letters.txt --json
  unrolled tag predict runs/names --conll < words.conll > tagged.conll`,
  items: (used, given) => (given.flags.conll ? conllItems(used, given) : textItems(used.task, given)),
  begin: ({ model }) => ({
    text({ text }, found) {
      if (found === null) return '\n';
      if ('tags' in found) return formatConll([found]);
      return `${showText(text, found, model.vocabulary.scheme !== null)}\n`;
    },
    json({ text }, found) {
      if (found !== null && 'tags' in found) return { type: 'tags', ...found };
      return { type: 'tags', text, ...(found ?? { words: [], spans: [] }) };
    },
  }),
};

/** The sentences of a CoNLL file, or of the standard input. */
async function* conllItems(
  used: Used<Types>,
  { flags }: Given<PredictFlags>,
): AsyncGenerator<readonly Item<TagInput>[]> {
  const text = flags.file === undefined ? await standardInput() : joinTexts(readTextFiles([flags.file]));
  const { word } = columnsOf(used, flags);
  yield parseConllWords(text, { word, name: flags.file }).map((words) => ({ text: words.join(' '), input: words }));
}

interface EvalFlags extends UseFlags {
  wordColumn?: number;
  tagColumn?: number;
}

const evaluate: EvaluatePart<Types, EvalFlags, { readonly data: readonly TaggedSentence[] }> = {
  description: 'evaluate a tagger on tagged sentences',
  argument: { name: '<files...>', description: 'CoNLL files' },
  options: () => [wordColumnOption(), tagColumnOption()],
  help: '\nExample:\n  unrolled tag eval runs/names test.conll',
  read: async (used, paths, flags) => ({ data: readSentences(readTextFiles(paths), columnsOf(used, flags)) }),
  report: (found) => ({ json: found, text: describeEvaluation(found) }),
};

/** Columns as named, as the model was trained with, or open. Earlier models do not hold theirs, their runs do. */
function columnsOf({ run, model }: { run: string; model: Tagger }, flags: EvalFlags): Partial<ConllColumns> {
  const { columns } = model.config;
  const folder = columns ? null : folderOf(run);
  const { wordColumn, tagColumn } = { ...(folder && readConfig(folder, tag).options), ...flags };
  return { word: wordColumn ?? columns?.word, tag: tagColumn ?? columns?.tag };
}

export const tagCommands = { load: () => loadTask('tag'), train: tag, predict, evaluate };
