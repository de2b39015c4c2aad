import { Option } from 'commander';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import type { Classification, LabelledText } from 'unrolled/tasks/classify';
import { Failure } from '../../failure.ts';
import { readTextFiles } from '../../input/text-files.ts';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { printable } from '../../output/text.ts';
import { describeLabel, describeLabelScores, requireLabels } from '../label-report.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { type TextFlags, textItems, textOptions, textsArgument } from '../text-items.ts';
import { readExamples, type TableFlags } from './examples.ts';
import { tableOptions } from './options.ts';
import { describeContributions, describeLabelWords, explainLabels } from './report.ts';
import { classify } from './trainable.ts';

type Types = TypesOf<'classify'>;

interface PredictFlags extends UseFlags, TextFlags {
  top?: number;
  explain?: boolean;
}

const predict: PredictPart<Types, PredictFlags, Item<string>> = {
  description: 'predict the labels of texts',
  argument: textsArgument,
  instead: ['file'],
  options: () => [
    option('--top <n>', 'how many labels of each text to print (default 1)', whole(1)),
    new Option('--explain', 'print the words that count for and against the label'),
    ...textOptions(),
  ],
  help: `
Examples:
  unrolled classify predict runs/names Schmidt Rossi
  unrolled classify predict runs/names < names.txt

One line of output per line of input; blank lines stay blank.`,
  items: ({ task }, given) => textItems(task, given),
  begin: (_, { top, explain }) => ({
    ...(explain && { explain: ({ label }: Classification) => ({ label }) }),
    text({ text }, found, explanation) {
      if (found === null) return '\n';
      const line = `${describeLabel(found, top ?? 1)}\t${printable(text).replace(/\s+/g, ' ')}\n`;
      return explanation ? `${line}  ${describeContributions(explanation.contributions)}\n` : line;
    },
    json({ text }, found, explanation) {
      const { label = null, probability = null, probabilities = [] } = found ?? {};
      const shown = probabilities.slice(0, top ?? probabilities.length);
      const why = explain && { explanation: explanation?.contributions ?? [] };
      return { type: 'classification', text, label, probability, probabilities: shown, ...why };
    },
  }),
};

interface EvalFlags extends UseFlags, TableFlags {
  explain?: boolean;
}

const evaluate: EvaluatePart<
  Types,
  EvalFlags,
  { readonly data: readonly LabelledText[]; readonly about: readonly string[] }
> = {
  description: 'evaluate a classifier on labelled texts',
  argument: { name: '<files...>', description: 'labelled texts, in the formats of train' },
  options: () => [new Option('--explain', 'print the words that count most for each label'), ...tableOptions()],
  help: `
Example:
  unrolled classify eval runs/names test.tsv

Tables are read with the columns used in training, unless options name others.`,
  async read({ model }, paths, flags) {
    const expected = { labels: model.labels, usual: model.columns };
    const read = await readExamples(readTextFiles(paths), flags, expected);
    if (read.examples.length === 0) throw new Failure(`${paths.join(', ')}: no labelled texts found`);
    requireLabels(read, model.labels);
    return { data: read.examples, about: read.about };
  },
  async report(found, { data, about }, { model }, { explain }) {
    const words = explain ? await explainLabels(model, data) : null;
    return {
      json: { ...found, read: about, ...(words && { words }) },
      text: `${about.map((line) => `${line}\n`).join('')}${describeLabelScores(found, 'texts')}${words ? describeLabelWords(words) : ''}`,
    };
  },
};

export const classifyCommands = { load: () => loadTask('classify'), train: classify, predict, evaluate };
