import { Command } from 'commander';
import { evaluateTranslations, type Translation, type TranslationScores, Translator } from 'unrolled/tasks/translate';
import { describeCharacter } from 'unrolled/tokenizers';
import { Failure } from '../failure.ts';
import { linesFromStandardInput } from '../input/standard-input.ts';
import { readTextFiles } from '../input/text-files.ts';
import { option, type UseFlags, useOptions, whole } from '../options/options.ts';
import { printable } from '../output/text.ts';
import { formatCount } from '../output/units.ts';
import { loadRun } from '../run/load.ts';
import { openMachine, toStandardError } from '../run/open-device.ts';
import { AlignmentFiles, alignmentPath } from '../tasks/translate/alignments.ts';
import { type SearchFlags, searchOf, searchOptions, targetOption } from '../tasks/translate/options.ts';
import { readPairs } from '../tasks/translate/pairs.ts';
import { translate } from '../tasks/translate/trainable.ts';
import { trainCommandFor } from './train.ts';

interface PredictFlags extends UseFlags, SearchFlags {
  alignment?: string;
}

export const translateCommand = (): Command =>
  new Command('translate')
    .description('translate one sequence into another: languages, letters to phonemes, date formats')
    .addCommand(trainCommandFor(translate))
    .addCommand(predictCommand())
    .addCommand(evalCommand());

function predictCommand(): Command {
  const command = new Command('predict')
    .description('translate texts')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('[texts...]', 'the texts (default: the lines of the standard input)')
    .addOption(option('--n-best <n>', 'print the n best translations of each text, with their scores', whole(1)))
    .option(
      '--alignment <file>',
      'write the attention weights: .svg, a picture for each text, or .json',
      alignmentPath,
    );
  for (const one of [...searchOptions(), ...useOptions()]) command.addOption(one);
  return command
    .addHelpText(
      'after',
      '\nExamples:\n  unrolled translate predict runs/dates "March 7, 1995" --beam 4 --alignment alignment.svg\n' +
        '  unrolled translate predict runs/letters --n-best 3 < words.txt\n\n' +
        'One line of output per line of input; blank lines stay blank.',
    )
    .action(predict);
}

async function predict(run: string, texts: string[], flags: PredictFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Translator.load(device, file, cell));
    const alignments = flags.alignment === undefined ? null : new AlignmentFiles(model, flags.alignment);
    const leftOut = new Set<string>();
    const write = (sources: readonly string[]): void => {
      const isFilled = (source: string): boolean => source.trim() !== '';
      const found = model.translate(sources.filter(isFilled), searchOf(flags)).values();
      for (const source of sources) {
        const translation = isFilled(source) ? found.next().value! : blank;
        process.stdout.write(flags.json ? jsonLine(source, translation) : textLines(translation, flags));
        alignments?.add(source, translation);
        for (const character of translation.leftOut) leftOut.add(character);
      }
    };
    if (texts.length > 0) write(texts);
    else for await (const lines of linesFromStandardInput(64)) write(lines);
    alignments?.end();
    if (leftOut.size > 0) {
      const shown = [...leftOut].slice(0, 8).map(describeCharacter).join(', ');
      toStandardError(`Ignored, since the model does not know them: ${shown}${leftOut.size > 8 ? ', …' : ''}`);
    }
  } finally {
    device.close();
  }
}

/** The translation of a blank line. */
const blank: Translation = {
  ...{ text: '', logProbability: 0, score: 0, ended: true, alignment: null, leftOut: [] },
  candidates: [],
};

/** One line; with --n-best one for each candidate, with its score. */
function textLines({ text, candidates }: Translation, { nBest }: PredictFlags): string {
  const line = (one: string): string => printable(one).replace(/\s+/g, ' ');
  if (nBest === undefined || candidates.length === 0) return `${line(text)}\n`;
  return candidates.map(({ score, text: one }) => `${score.toFixed(3)}\t${line(one)}\n`).join('');
}

function jsonLine(source: string, { text, logProbability, score, ended, candidates, leftOut }: Translation): string {
  const others = candidates.map((one) => ({ text: one.text, logProbability: one.logProbability, score: one.score }));
  const object = { type: 'translation', source, text, logProbability, score, ended, candidates: others, leftOut };
  return `${JSON.stringify(object)}\n`;
}

interface EvalFlags extends UseFlags, SearchFlags {
  target?: string;
}

function evalCommand(): Command {
  const command = new Command('eval')
    .description('evaluate a translator on pairs')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('<files...>', 'pairs, in the formats of train')
    .addOption(targetOption());
  for (const one of [...searchOptions(), ...useOptions()]) command.addOption(one);
  return command
    .addHelpText('after', '\nExample:\n  unrolled translate eval runs/dates test.tsv --beam 4')
    .action(evaluate);
}

async function evaluate(run: string, paths: string[], flags: EvalFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => Translator.load(device, file, cell));
    const targets = flags.target === undefined ? null : readTextFiles([flags.target]);
    const pairs = readPairs(readTextFiles(paths), targets);
    if (pairs.length === 0) throw new Failure(`${paths.join(', ')}: no pairs found`);
    const { scores } = await evaluateTranslations(model, pairs, searchOf(flags));
    const json = { type: 'evaluation', task: 'translate', pairs: pairs.length, ...scores };
    process.stdout.write(flags.json ? `${JSON.stringify(json)}\n` : describe(pairs.length, scores));
  } finally {
    device.close();
  }
}

function describe(pairs: number, scores: TranslationScores): string {
  const { loss, exact, characterErrorRate, wordErrorRate, bleu, chrf, signatures } = scores;
  const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
  const lines = [
    `${percent(exact)} of ${formatCount(pairs)} translations exactly right`,
    `character error rate ${percent(characterErrorRate)}, word error rate ${percent(wordErrorRate)}`,
    `BLEU ${bleu.toFixed(2)} (${signatures.bleu})`,
    `chrF ${chrf.toFixed(2)} (${signatures.chrf})`,
    `loss ${loss.toFixed(4)} nats per token`,
  ];
  return `${lines.join('\n')}\n`;
}
