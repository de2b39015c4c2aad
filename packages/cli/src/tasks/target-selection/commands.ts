import { Option } from 'commander';
import { dotChart } from 'unrolled/charts';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import {
  type EvaluateTargetOptions,
  type Game,
  isOneCommon,
  parseOneCommon,
  type Selected,
  type Situation,
} from 'unrolled/tasks/target-selection';
import { Failure } from '../../failure.ts';
import { readTextFiles } from '../../input/text-files.ts';
import type { UseFlags } from '../../options/use.ts';
import { countOf } from '../../output/units.ts';
import { PictureFiles, picturePath } from '../picture-files.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { type TextFlags, textItems, textOptions } from '../text-items.ts';
import { readGames, targetSelection } from './trainable.ts';

type Types = TypesOf<'target-selection'>;

interface PredictFlags extends UseFlags, TextFlags {
  picture?: string;
}

/** Games that are predicted from together. */
const together = 64;

const predict: PredictPart<Types, PredictFlags, Item<Situation>> = {
  description: 'choose the dot that two players talk about',
  argument: { name: '[texts...]', description: 'the games as JSON, with --json-input' },
  instead: ['file'],
  options: () => [
    new Option(
      '--picture <file>',
      'draw the dots and what was chosen: .svg, a picture for each game, or .json',
    ).argParser(picturePath),
    ...textOptions(),
  ],
  help: `
Examples with games:
  unrolled dialogue predict runs/games --file test_uncorrelated.txt --picture scene.svg
  unrolled dialogue predict runs/games --json-input < games.jsonl

A line of JSON is { "dots": [{ "x", "y", "size", "colour" }, …], "utterances": [{ "speaker": "you" or "them", "text" }, …] }, the
numbers from -1 to 1, y down and dark low.`,
  async *items({ task }, given) {
    const { file, jsonInput } = given.flags;
    if (jsonInput) {
      yield* textItems(task, given);
      return;
    }
    if (file === undefined) {
      throw new Failure('dialogue predict: no games given; name a file with --file, or give JSON with --json-input', 2);
    }
    const [text] = readTextFiles([file]).texts;
    const games = parseOneCommon(text, file);
    for (let from = 0; from < games.length; from += together) {
      yield games.slice(from, from + together).map(({ dots, utterances }, i) => ({
        text: `game ${from + i + 1}`,
        input: { dots, utterances },
      }));
    }
  },
  begin(_, { picture, jsonInput }) {
    const pictures = picture === undefined ? null : new PictureFiles(picture);
    const note = ({ text, input }: Item<Situation>, found: Selected | null): void => {
      if (found && input)
        pictures?.add({ ...input, ...found }, () => drawGame(jsonInput ? 'a game' : text, input, found));
    };
    return {
      text(item, found) {
        note(item, found);
        if (found === null) return '\n';
        const { target, probabilities } = found;
        return `dot ${target + 1}\t${probabilities[target].toFixed(3)}\t${jsonInput ? '' : item.text}\n`;
      },
      json(item, found) {
        note(item, found);
        return { type: 'selection', target: found?.target ?? null, probabilities: found?.probabilities ?? [] };
      },
      end: () => pictures?.end(),
    };
  },
};

const drawGame = (name: string, { dots, utterances }: Situation, { target, probabilities }: Selected): string =>
  dotChart({
    title: `${name}: dot ${target + 1}`,
    description:
      'The dots that a player sees, and the one that was chosen. Made by: unrolled dialogue predict --picture',
    ...{ dots, probabilities, chosen: target },
    lines: utterances.map(({ speaker, text }) => `${speaker}: ${text}`),
  });

interface Read {
  readonly data: readonly Game[];
  readonly options?: EvaluateTargetOptions;
}

const evaluate: EvaluatePart<Types, UseFlags, Read> = {
  description: 'evaluate a target selector on games',
  argument: { name: '<files...>', description: 'files of games' },
  options: () => [],
  help: '\nExample with games:\n  unrolled dialogue eval runs/games test_uncorrelated.txt',
  async read(_, paths) {
    const files = readTextFiles(paths);
    const other = files.texts.findIndex((text) => !isOneCommon(text));
    if (other >= 0) {
      throw new Failure(`${files.files[other].path}: holds no games; this model takes files in OneCommon's layout`);
    }
    return { data: readGames(files) };
  },
  report: (found) => ({
    json: found,
    text:
      `${countOf(found.games, 'game')}: ${(100 * found.accuracy).toFixed(2)}% of the dots are the player's ` +
      `(guessing: ${(100 * found.chance).toFixed(2)}%)\n` +
      `loss ${found.loss.toFixed(4)} nats per game` +
      `${found.perplexity === null ? '' : `; perplexity of the words ${found.perplexity.toFixed(2)}`}\n`,
  }),
};

export const targetSelectionCommands = {
  load: () => loadTask('target-selection'),
  train: targetSelection,
  predict,
  evaluate,
};
