import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { type ConllColumns, evaluateTagger, formatConll, parseConllWords, Tagger } from 'unrolled/tasks/tag';
import { Failure } from '../failure.ts';
import { linesFromStandardInput, standardInput } from '../input/standard-input.ts';
import { joinTexts, readTextFiles } from '../input/text-files.ts';
import { type UseFlags, useOptions } from '../options/options.ts';
import { readConfig } from '../run/config.ts';
import { RunFolder } from '../run/folder.ts';
import { loadRun } from '../run/load.ts';
import { openMachine, toStandardError } from '../run/open-device.ts';
import { tagColumnOption, wordColumnOption } from '../tasks/tag/options.ts';
import { describeEvaluation, showText } from '../tasks/tag/report.ts';
import { readSentences, tag } from '../tasks/tag/trainable.ts';
import { trainCommandFor } from './train.ts';

export const tagCommand = (): Command =>
  new Command('tag')
    .description('tag words: named entities, parts of speech')
    .addCommand(trainCommandFor(tag))
    .addCommand(predictCommand())
    .addCommand(evalCommand());

interface PredictFlags extends UseFlags {
  file?: string;
  conll?: boolean;
  wordColumn?: number;
}

function predictCommand(): Command {
  const command = new Command('predict')
    .description('tag the words of texts')
    .argument('<run>', 'run folder or model file')
    .argument('[texts...]', 'texts, one sentence each (default: the lines of the standard input)')
    .option('--file <file>', 'tag the lines of a file')
    .option('--conll', 'read and write one word per line, with a blank line after each sentence')
    .addOption(wordColumnOption());
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled tag predict runs/names "Ada Lovelace wrote to Charles Babbage."
  unrolled tag predict runs/names --file letters.txt --json
  unrolled tag predict runs/names --conll < words.conll > tagged.conll`,
    )
    .action(predict);
}

async function predict(run: string, texts: string[], flags: PredictFlags): Promise<void> {
  if (texts.length > 0 && (flags.conll || flags.file !== undefined)) {
    throw new Failure('tag predict: received texts and --file or --conll; omit one of them', 2);
  }
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Tagger.load(device, file, cell));
    if (flags.conll) {
      const text = flags.file === undefined ? await standardInput() : joinTexts(readTextFiles([flags.file]));
      const { word } = columnsOf(run, model, flags);
      return writeSentences(model, parseConllWords(text, { word, name: flags.file }), flags);
    }
    if (texts.length > 0) return writeTexts(model, texts, flags);
    if (flags.file === undefined) {
      for await (const lines of linesFromStandardInput(64)) writeTexts(model, lines, flags);
      return;
    }
    const text = joinTexts(readTextFiles([flags.file])).replace(/\r?\n$/, '');
    writeTexts(model, text.split(/\r?\n/), flags);
  } finally {
    device.close();
  }
}

function writeTexts(model: Tagger, texts: readonly string[], { json }: PredictFlags): void {
  for (const [i, found] of model.tag(texts).entries()) {
    const line = json
      ? JSON.stringify({ type: 'tags', text: texts[i], ...found })
      : showText(texts[i], found, model.vocabulary.scheme !== null);
    process.stdout.write(`${line}\n`);
  }
}

function writeSentences(model: Tagger, sentences: readonly string[][], { json }: PredictFlags): void {
  const tags = model.tagWords(sentences);
  for (const [i, words] of sentences.entries()) {
    const sentence = { words, tags: tags[i] };
    process.stdout.write(json ? `${JSON.stringify({ type: 'tags', ...sentence })}\n` : formatConll([sentence]));
  }
}

interface EvalFlags extends UseFlags {
  wordColumn?: number;
  tagColumn?: number;
}

function evalCommand(): Command {
  const command = new Command('eval')
    .description('evaluate a tagger on tagged sentences')
    .argument('<run>', 'run folder or model file')
    .argument('<files...>', 'CoNLL files')
    .addOption(wordColumnOption())
    .addOption(tagColumnOption());
  for (const one of useOptions()) command.addOption(one);
  return command.addHelpText('after', '\nExample:\n  unrolled tag eval runs/names test.conll').action(evaluate);
}

/** Columns as named, as the model was trained with, or open. Earlier models do not hold theirs, their runs do. */
function columnsOf(run: string, { config }: Tagger, flags: EvalFlags): Partial<ConllColumns> {
  const folder = [new RunFolder(run), new RunFolder(dirname(dirname(resolve(run))))].find(({ exists }) => exists);
  const said = config.columns || !folder ? {} : readConfig(folder, tag).options;
  const { wordColumn, tagColumn } = { ...said, ...flags };
  return { word: wordColumn ?? config.columns?.word, tag: tagColumn ?? config.columns?.tag };
}

async function evaluate(run: string, paths: string[], flags: EvalFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Tagger.load(device, file, cell));
    const found = await evaluateTagger(model, readSentences(readTextFiles(paths), columnsOf(run, model, flags)));
    const json = { type: 'evaluation', task: 'tag', ...found };
    process.stdout.write(flags.json ? `${JSON.stringify(json)}\n` : describeEvaluation(found));
  } finally {
    device.close();
  }
}
