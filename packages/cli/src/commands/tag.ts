import { Command } from 'commander';
import { evaluateTagger, formatConll, parseConllWords, Tagger } from 'unrolled/tasks/tag';
import { Failure } from '../failure.ts';
import { loadRun } from '../load-run.ts';
import { openMachine, toStandardError } from '../open-device.ts';
import { type UseFlags, useOptions } from '../options.ts';
import { linesFromStandardInput, standardInput } from '../standard-input.ts';
import { tagColumnOption, wordColumnOption } from '../tasks/tag/options.ts';
import { describeEvaluation, showText } from '../tasks/tag/report.ts';
import { readSentences, tag } from '../tasks/tag/trainable.ts';
import { joinTexts, readTextFiles } from '../text-files.ts';
import { trainCommandFor } from './train.ts';

export const tagCommand = (): Command =>
  new Command('tag')
    .description('tags of words: names, parts of speech')
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
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('[texts...]', 'the texts, a sentence each; the lines of the standard input where there are none')
    .option('--file <file>', 'take the lines of a file')
    .option('--conll', 'words come one a line, a blank line after each sentence, and so go the tags')
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
    throw new Failure('tag predict: texts are given, and --file or --conll as well; leave one of them out', 2);
  }
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Tagger.load(device, file, cell));
    if (flags.conll) {
      const text = flags.file === undefined ? await standardInput() : joinTexts(readTextFiles([flags.file]));
      return writeSentences(model, parseConllWords(text, { word: flags.wordColumn, name: flags.file }), flags);
    }
    if (texts.length > 0) return writeTexts(model, texts, flags);
    if (flags.file === undefined) {
      for await (const lines of linesFromStandardInput(64)) writeTexts(model, lines, flags);
      return;
    }
    const lines = joinTexts(readTextFiles([flags.file])).split(/\r?\n/);
    writeTexts(
      model,
      lines.filter((line) => line.trim() !== ''),
      flags,
    );
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
    .description('measure a tagger on sentences with tags')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('<files...>', 'CoNLL files')
    .addOption(wordColumnOption())
    .addOption(tagColumnOption());
  for (const one of useOptions()) command.addOption(one);
  return command.addHelpText('after', '\nExample:\n  unrolled tag eval runs/names test.conll').action(evaluate);
}

async function evaluate(run: string, paths: string[], flags: EvalFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Tagger.load(device, file, cell));
    const found = (await evaluateTagger(model, readSentences(readTextFiles(paths), flags)))!;
    const json = { type: 'evaluation', task: 'tag', ...found };
    process.stdout.write(flags.json ? `${JSON.stringify(json)}\n` : describeEvaluation(found));
  } finally {
    device.close();
  }
}
