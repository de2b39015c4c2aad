import { Command } from 'commander';
import { type Classification, Classifier, evaluateClassifier } from 'unrolled/tasks/classify';
import { Failure } from '../failure.ts';
import { linesFromStandardInput } from '../input/standard-input.ts';
import { readTextFiles } from '../input/text-files.ts';
import { option, type UseFlags, useOptions, whole } from '../options/options.ts';
import { printable } from '../output/text.ts';
import { loadRun } from '../run/load.ts';
import { openMachine, toStandardError } from '../run/open-device.ts';
import { readExamples, requireLabels, type TableFlags } from '../tasks/classify/examples.ts';
import { tableOptions } from '../tasks/classify/options.ts';
import { describeContributions, describeEvaluation, explainLabels, explainText } from '../tasks/classify/report.ts';
import { classify } from '../tasks/classify/trainable.ts';
import { trainCommandFor } from './train.ts';

interface PredictFlags extends UseFlags {
  top?: number;
  explain?: boolean;
}

export const classifyCommand = (): Command =>
  new Command('classify')
    .description('classify texts: sentiment, language, topic')
    .addCommand(trainCommandFor(classify))
    .addCommand(predictCommand())
    .addCommand(evalCommand());

function predictCommand(): Command {
  const command = new Command('predict')
    .description('predict the labels of texts')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('[texts...]', 'the texts (default: the lines of the standard input)')
    .addOption(option('--top <n>', 'how many labels of each text to print (default 1)', whole(1)))
    .option('--explain', 'print the words that count for and against the label');
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled classify predict runs/names Schmidt Rossi
  unrolled classify predict runs/names < names.txt

One line of output per line of input; blank lines stay blank.`,
    )
    .action(predict);
}

async function predict(run: string, texts: string[], flags: PredictFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Classifier.load(device, file, cell));
    if (texts.length > 0) return await write(model, texts, flags);
    for await (const lines of linesFromStandardInput(64)) await write(model, lines, flags);
  } finally {
    device.close();
  }
}

async function write(model: Classifier, texts: readonly string[], flags: PredictFlags): Promise<void> {
  const filled = texts.filter((text) => text.trim() !== '');
  const found = (await model.predict(filled)).values();
  for (const text of texts) {
    const one = text.trim() === '' ? null : found.next().value!;
    process.stdout.write(await (flags.json ? jsonLine : textLines)(model, text, one, flags));
  }
}

type Shown = [model: Classifier, text: string, found: Classification | null, flags: PredictFlags];

async function textLines(...[model, text, found, flags]: Shown): Promise<string> {
  if (found === null) return '\n';
  const line = `${describe(found, flags.top ?? 1)}\t${printable(text).replace(/\s+/g, ' ')}\n`;
  return flags.explain ? `${line}  ${describeContributions(await explainText(model, text))}\n` : line;
}

async function jsonLine(...[model, text, found, flags]: Shown): Promise<string> {
  const { label = null, probability = null, probabilities = [] } = found ?? {};
  const shown = probabilities.slice(0, flags.top ?? probabilities.length);
  const explanation = flags.explain && { explanation: found ? await explainText(model, text) : [] };
  return `${JSON.stringify({ type: 'classification', text, label, probability, probabilities: shown, ...explanation })}\n`;
}

/** `german 0.93`, or `german 0.93, dutch 0.04` */
const describe = ({ probabilities }: Classification, top: number): string =>
  probabilities
    .slice(0, top)
    .map(({ label, probability }) => `${printable(label)} ${probability.toFixed(2)}`)
    .join(', ');

interface EvalFlags extends UseFlags, TableFlags {
  explain?: boolean;
}

function evalCommand(): Command {
  const command = new Command('eval')
    .description('evaluate a classifier on labelled texts')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('<files...>', 'labelled texts, in the formats of train')
    .option('--explain', 'print the words that count most for each label');
  for (const one of [...tableOptions(), ...useOptions()]) command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Example:
  unrolled classify eval runs/names test.tsv

Tables are read with the columns used in training, unless options name others.`,
    )
    .action(evaluate);
}

async function evaluate(run: string, paths: string[], flags: EvalFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Classifier.load(device, file, cell));
    const expected = { labels: model.labels, usual: model.columns };
    const read = await readExamples(readTextFiles(paths), flags, expected);
    if (read.examples.length === 0) throw new Failure(`${paths.join(', ')}: no labelled texts found`);
    requireLabels(read, model.labels);
    const found = await evaluateClassifier(model, read.examples);
    const words = flags.explain ? await explainLabels(model, read.examples) : null;
    const json = { type: 'evaluation', task: 'classify', ...found, read: read.about, ...(words && { words }) };
    const shown = `${read.about.map((line) => `${line}\n`).join('')}${describeEvaluation(found, words)}`;
    process.stdout.write(flags.json ? `${JSON.stringify(json)}\n` : shown);
  } finally {
    device.close();
  }
}
