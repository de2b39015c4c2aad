import { graphChart } from 'unrolled/charts';
import {
  type CellTrainingOptions,
  cellArchitecture,
  cellEquations,
  cellFile,
  cellGraph,
  cellSpace,
  SharedCells,
} from 'unrolled/search';
import { splitText } from 'unrolled/tasks/language-model';
import { tokenizerFor } from 'unrolled/tokenizers';
import { Failure } from '../failure.ts';
import { joinTexts, readTextFiles } from '../input/text-files.ts';
import { countOf, formatCount, shellWord } from '../output/units.ts';
import type { CommonOptions, Prepared } from './prepared.ts';
import { sharedIds } from './protocol.ts';

export interface CellOptions extends CommonOptions {
  base: number;
  hidden: number;
  embedding: number;
  seq: number;
  validationTokens: number;
  /** Whether candidates share weights. Default false. */
  share?: boolean;
  /** With `share`: updates of the shared weights in each round, and candidates that are then trained alone. */
  sharedSteps: number;
  finalists: number;
}

export const cellDefaults = {
  ...{ method: 'controller', candidates: 100, round: 8, seed: 1 },
  ...{ controllerHidden: 32, controllerLr: 0.02, entropy: 0.01 },
  ...{ base: 8, hidden: 64, embedding: 32, batch: 16, seq: 32, lr: 0.005, validationTokens: 20_000 },
  ...{ sharedSteps: 20, finalists: 8 },
} as const satisfies CellOptions;

/** Updates of a candidate where neither steps nor seconds are given. */
export const defaultSteps = { cell: 300, block: 200 } as const;

/** @throws Failure if the texts cannot be read or are too short */
export function prepareCell(paths: readonly string[], options: CellOptions): Prepared {
  const { base, hidden, embedding, batch, seq, lr, validationTokens, seed } = options;
  const texts = readTextFiles(paths);
  const text = joinTexts(texts);
  const tokenizer = tokenizerFor('char', text);
  const parts = splitText(tokenizer.encode(text));
  if (parts.validation.length < 2 || parts.train.length < 2 * batch) {
    throw new Failure(
      `${paths.join(', ')}: ${countOf(text.length, 'character')} are too few for batches of ${batch}; give a longer text, or a smaller --batch`,
    );
  }
  const { steps = options.seconds === undefined ? defaultSteps.cell : undefined, seconds } = options;
  const training: CellTrainingOptions = {
    ...{ hidden, embedding, batch, seq, learningRate: lr, seed },
    validationTokens: Math.max(2, Math.min(validationTokens, parts.validation.length)),
    ...(steps !== undefined && { steps }),
    ...(seconds !== undefined && { seconds }),
  };
  const shared = {
    tokenizer: tokenizer.config,
    train: sharedIds(parts.train),
    validation: sharedIds(parts.validation),
  };
  const space = cellSpace(base);
  const V = tokenizer.size;
  return {
    what: 'cell',
    files: texts.files,
    space,
    setup: { kind: 'cell', base, texts: shared, training },
    about: [
      `${formatCount(parts.train.length)} characters to train on, ${formatCount(training.validationTokens!)} to compare candidates on, ` +
        `${V} different`,
      `Each candidate: ${hidden} hidden units, ${endText(steps, seconds)}; reward 1 − loss/ln ${V}`,
    ],
    shared: options.share
      ? (device) =>
          new SharedCells(
            device,
            space,
            { tokenizer, train: parts.train, validation: parts.validation },
            { ...{ hidden, embedding, batch, seq, learningRate: lr, seed }, ...sharedTraining(options, training) },
          )
      : undefined,
    columns: [
      { name: 'validation loss', of: ({ loss }) => (typeof loss === 'number' ? loss.toFixed(4) : 'diverged') },
      { name: 'bits per character', of: ({ loss }) => (typeof loss === 'number' ? (loss / Math.LN2).toFixed(3) : '–') },
    ],
    write({ choices, number, reward, measures }, command) {
      const architecture = cellArchitecture(space, choices);
      const loss = typeof measures.loss === 'number' ? `, validation loss ${measures.loss.toFixed(4)} nats` : '';
      const about = `Found by: ${command}. Candidate ${number}, reward ${reward.toFixed(4)}${loss}.`;
      const graph = graphChart({
        title: `The best cell found: candidate ${number}`,
        description: `${cellEquations(architecture).join('; ')}. Made by: ${command}`,
        ...cellGraph(architecture),
      });
      return {
        'found.ts': cellFile(architecture, { name: 'found', about }),
        'found.svg': graph,
        'found.json': `${JSON.stringify(architecture, null, 2)}\n`,
        'found.txt': `${cellEquations(architecture).join('\n')}\n`,
      };
    },
    next: (folder) =>
      `Train it with: npx unrolled train TEXT --cell ${shellWord(`${folder}/found.ts`)}\n` +
      `Compare it with: npx unrolled search compare ${shellWord(folder)} OTHER-TEXT`,
  };
}

const sharedTraining = ({ sharedSteps }: CellOptions, { validationTokens }: CellTrainingOptions) => ({
  sharedSteps,
  // A minibatch, as in the paper: candidates are compared often.
  validationTokens: Math.min(validationTokens!, 4000),
});

/** `300 steps`, `10 seconds`. */
export const endText = (steps: number | undefined, seconds: number | undefined): string =>
  [steps && countOf(steps, 'step'), seconds && countOf(seconds, 'second')].filter(Boolean).join(' or ');
