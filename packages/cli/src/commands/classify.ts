import { Command } from 'commander';
import { type Classification, Classifier, evaluateClassifier } from 'unrolled/tasks/classify';
import { Failure } from '../failure.ts';
import { printable } from '../listeners/text.ts';
import { loadRun } from '../load-run.ts';
import { openMachine, toStandardError } from '../open-device.ts';
import { option, type UseFlags, useOptions, whole } from '../options.ts';
import { linesFromStandardInput } from '../standard-input.ts';
import { type Columns, readExamples } from '../tasks/classify/examples.ts';
import { columnOptions } from '../tasks/classify/options.ts';
import { describeEvaluation, tellingByLabel, tellingParts } from '../tasks/classify/report.ts';
import { classify } from '../tasks/classify/trainable.ts';
import { readTextFiles } from '../text-files.ts';
import { trainCommandFor } from './train.ts';

interface PredictFlags extends UseFlags {
  top?: number;
  telling?: boolean;
}

export const classifyCommand = (): Command =>
  new Command('classify')
    .description('labels of texts: sentiment, language, topic')
    .addCommand(trainCommandFor(classify))
    .addCommand(predictCommand())
    .addCommand(evalCommand());

function predictCommand(): Command {
  const command = new Command('predict')
    .description('say which label texts have')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('[texts...]', 'the texts; the lines of the standard input where there are none')
    .addOption(option('--top <n>', 'how many labels of each text to print (default 1)', whole(1)))
    .option('--telling', 'print what in the text speaks for its label, and against it');
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      '\nExamples:\n  unrolled classify predict runs/names Schmidt Rossi\n  unrolled classify predict runs/names < names.txt',
    )
    .action(predict);
}

async function predict(run: string, texts: string[], flags: PredictFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Classifier.load(device, file, cell));
    if (texts.length > 0) return write(model, texts, flags);
    for await (const lines of linesFromStandardInput(64)) write(model, lines, flags);
  } finally {
    device.close();
  }
}

function write(model: Classifier, texts: readonly string[], flags: PredictFlags): void {
  model.classify(texts).forEach((found, i) => {
    const telling = flags.telling ? tellingParts(model, texts[i]) : null;
    if (flags.json) {
      const { label, probability, probabilities } = found;
      const shown = probabilities.slice(0, flags.top ?? probabilities.length);
      const words = telling && { telling };
      const object = { type: 'classification', text: texts[i], label, probability, probabilities: shown, ...words };
      process.stdout.write(`${JSON.stringify(object)}\n`);
      return;
    }
    process.stdout.write(`${describe(found, flags.top ?? 1)}\t${printable(texts[i]).replace(/\s+/g, ' ')}\n`);
    if (telling) {
      const line = telling
        .slice(0, 20)
        .map(({ token, weight }) => `${printable(token)} ${weight > 0 ? '+' : ''}${weight.toFixed(2)}`);
      process.stdout.write(`  ${line.join('  ')}\n`);
    }
  });
}

/** `german 0.93`, or `german 0.93, dutch 0.04` */
const describe = ({ probabilities }: Classification, top: number): string =>
  probabilities
    .slice(0, top)
    .map(({ label, probability }) => `${printable(label)} ${probability.toFixed(2)}`)
    .join(', ');

interface EvalFlags extends UseFlags, Columns {
  telling?: boolean;
}

function evalCommand(): Command {
  const command = new Command('eval')
    .description('measure a classifier on labelled texts')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('<files...>', 'labelled texts, in the forms that train takes')
    .option('--telling', 'print the words that speak most for each label');
  for (const one of [...columnOptions(), ...useOptions()]) command.addOption(one);
  return command.addHelpText('after', '\nExample:\n  unrolled classify eval runs/names test.tsv').action(evaluate);
}

async function evaluate(run: string, paths: string[], flags: EvalFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Classifier.load(device, file, cell));
    const examples = await readExamples(readTextFiles(paths), flags);
    if (examples.length === 0) throw new Failure(`${paths.join(', ')}: there is no labelled text in it`);
    const found = (await evaluateClassifier(model, examples))!;
    const telling = flags.telling ? tellingByLabel(model, examples) : null;
    const json = { type: 'evaluation', task: 'classify', ...found, ...(telling && { telling }) };
    process.stdout.write(flags.json ? `${JSON.stringify(json)}\n` : describeEvaluation(found, telling));
  } finally {
    device.close();
  }
}
