import { Option } from 'commander';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import type { Translation, TranslationPair, TranslationScores } from 'unrolled/tasks/translate';
import { describeCharacter } from 'unrolled/tokenizers';
import { Failure } from '../../failure.ts';
import { readTextFiles } from '../../input/text-files.ts';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { printable } from '../../output/text.ts';
import { formatCount } from '../../output/units.ts';
import { toStandardError } from '../../run/open-device.ts';
import { picturePath } from '../picture-files.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { type TextFlags, textItems, textOptions, textsArgument } from '../text-items.ts';
import { AlignmentFiles } from './alignments.ts';
import { type SearchFlags, searchOf, searchOptions, targetOption } from './options.ts';
import { readPairs } from './pairs.ts';
import { translate } from './trainable.ts';

type Types = TypesOf<'translate'>;

interface PredictFlags extends UseFlags, TextFlags, SearchFlags {
  alignment?: string;
}

const predict: PredictPart<Types, PredictFlags, Item<string>> = {
  description: 'translate texts',
  argument: textsArgument,
  instead: ['file'],
  options: () => [
    option('--n-best <n>', 'print the n best translations of each text, with their scores', whole(1)),
    new Option('--alignment <file>', 'write the attention weights: .svg, a picture for each text, or .json').argParser(
      picturePath,
    ),
    ...searchOptions(),
    ...textOptions(),
  ],
  help: `
Examples:
  unrolled translate predict runs/dates "March 7, 1995" --beam 4 --alignment alignment.svg
  unrolled translate predict runs/letters --n-best 3 < words.txt

One line of output per line of input; blank lines stay blank.`,
  items: ({ task }, given) => textItems(task, given),
  begin({ model }, { nBest, alignment, ...flags }) {
    const alignments = alignment === undefined ? null : new AlignmentFiles(model, alignment);
    const leftOut = new Set<string>();
    const note = (source: string, found: Translation | null): void => {
      if (found) alignments?.add(source, found);
      for (const character of found?.leftOut ?? []) leftOut.add(character);
    };
    return {
      options: { ...searchOf({ nBest, ...flags }), alignment: alignments !== null },
      text({ text }, found) {
        note(text, found);
        return found === null ? '\n' : textLines(found, nBest);
      },
      json({ text: source }, found) {
        note(source, found);
        const { text, logProbability, score, ended, candidates, leftOut } = found ?? blank;
        const others = candidates.map((one) => ({
          ...{ text: one.text, logProbability: one.logProbability, score: one.score },
        }));
        return { type: 'translation', source, text, logProbability, score, ended, candidates: others, leftOut };
      },
      end() {
        alignments?.end();
        if (leftOut.size === 0) return;
        const shown = [...leftOut].slice(0, 8).map(describeCharacter).join(', ');
        toStandardError(`Ignored, since the model does not know them: ${shown}${leftOut.size > 8 ? ', …' : ''}`);
      },
    };
  },
};

/** The translation of a blank line. */
const blank: Translation = {
  ...{ text: '', logProbability: 0, score: 0, ended: true, alignment: null, leftOut: [] },
  candidates: [],
};

/** One line; with --n-best one for each candidate, with its score. */
function textLines({ text, candidates }: Translation, nBest: number | undefined): string {
  const line = (one: string): string => printable(one).replace(/\s+/g, ' ');
  if (nBest === undefined) return `${line(text)}\n`;
  return candidates.map(({ score, text: one }) => `${score.toFixed(3)}\t${line(one)}\n`).join('');
}

interface EvalFlags extends UseFlags, SearchFlags {
  target?: string;
}

const evaluate: EvaluatePart<Types, EvalFlags, { readonly data: readonly TranslationPair[] }> = {
  description: 'evaluate a translator on pairs',
  argument: { name: '<files...>', description: 'pairs, in the formats of train' },
  options: () => [targetOption(), ...searchOptions()],
  help: '\nExample:\n  unrolled translate eval runs/dates test.tsv --beam 4',
  async read(_, paths, { target, ...flags }) {
    const targets = target === undefined ? null : readTextFiles([target]);
    const data = readPairs(readTextFiles(paths), targets);
    if (data.length === 0) throw new Failure(`${paths.join(', ')}: no pairs found`);
    return { data, options: searchOf(flags) };
  },
  report: (scores, { data }) => ({
    json: { pairs: data.length, ...scores },
    text: describeScores(data.length, scores),
  }),
};

function describeScores(pairs: number, scores: TranslationScores): string {
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

export const translateCommands = { load: () => loadTask('translate'), train: translate, predict, evaluate };
