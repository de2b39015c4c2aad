import { Command } from 'commander';
import { commandOf, type TaskName, type TaskTypes, tasks } from 'unrolled/tasks';
import type { SourceFiles } from '../input/source-files.ts';
import type { TrainOptions } from '../options/train.ts';
import type { UseFlags } from '../options/use.ts';
import { captionCommands } from '../tasks/caption/commands.ts';
import { classifyCommands } from '../tasks/classify/commands.ts';
import { classifyImagesCommands } from '../tasks/classify-images/commands.ts';
import { dialogueCommands } from '../tasks/dialogue/commands.ts';
import { drawCommands } from '../tasks/draw/commands.ts';
import { forecastCommands } from '../tasks/forecast/commands.ts';
import { glimpseCommands } from '../tasks/glimpse/commands.ts';
import { languageModelCommands } from '../tasks/language-model/commands.ts';
import { navigateCommands } from '../tasks/navigate/commands.ts';
import { tagCommands } from '../tasks/tag/commands.ts';
import { targetSelectionCommands } from '../tasks/target-selection/commands.ts';
import type { Evaluated, Item, TaskCommands } from '../tasks/task-commands.ts';
import { translateCommands } from '../tasks/translate/commands.ts';
import { videoCaptionCommands } from '../tasks/video/caption-commands.ts';
import { videoCommands, videoFramesCommands } from '../tasks/video/commands.ts';
import { videoEventsCommands } from '../tasks/video/event-commands.ts';
import { vqaCommands } from '../tasks/vqa/commands.ts';
import { evalPart } from './eval.ts';
import { furtherPart } from './further.ts';
import { predictPart } from './predict.ts';
import { type TrainPart, trainCommand, trainPart } from './train.ts';
import { type UsePart, useCommand } from './use.ts';

/** What the commands do for each task of the library's list: one that is missing does not compile. */
const parts: Readonly<Record<TaskName, () => TaskParts>> = {
  'language-model': () => partsOf(languageModelCommands),
  classify: () => partsOf(classifyCommands),
  'classify-images': () => partsOf(classifyImagesCommands),
  caption: () => ({
    ...partsOf(captionCommands),
    further: [furtherPart(captionCommands.train, captionCommands.load, captionCommands.audit)],
  }),
  draw: () => partsOf(drawCommands),
  forecast: () => partsOf(forecastCommands),
  glimpse: () => partsOf(glimpseCommands),
  navigate: () => partsOf(navigateCommands),
  dialogue: () => partsOf(dialogueCommands),
  'target-selection': () => partsOf(targetSelectionCommands),
  tag: () => partsOf(tagCommands),
  translate: () => partsOf(translateCommands),
  video: () => partsOf(videoCommands),
  'video-frames': () => partsOf(videoFramesCommands),
  'video-caption': () => partsOf(videoCaptionCommands),
  'video-events': () => partsOf(videoEventsCommands),
  vqa: () => partsOf(vqaCommands),
};

/** `train`, `sample` and `eval` of language models. */
export const topCommands = (): Command[] => commandsOf([parts['language-model']()]);

/** `translate`, `classify`, …: each with `train`, `predict` and `eval` for the tasks it serves, and what only it has. */
export const taskCommands = (): Command[] => {
  const others = tasks.filter(({ name }) => name !== 'language-model');
  return [...new Set(others.map(({ name }) => commandOf(name)))].map((command) => {
    const served = others.filter(({ name }) => commandOf(name) === command);
    const group = new Command(command).description(served.map(({ description }) => description).join('; '));
    for (const one of commandsOf(served.map(({ name }) => parts[name]()))) group.addCommand(one);
    return group;
  });
};

interface TaskParts {
  readonly train: TrainPart;
  readonly predict: UsePart;
  readonly evaluate: UsePart;
  /** Commands that only this task has. */
  readonly further?: readonly UsePart[];
}

function partsOf<
  T extends TaskTypes,
  Options extends TrainOptions,
  Files extends SourceFiles,
  PredictFlags extends UseFlags,
  One extends Item<T['input']>,
  EvaluateFlags extends UseFlags,
  Read extends Evaluated<T>,
>({
  load,
  train,
  predict,
  evaluate,
}: TaskCommands<T, Options, Files, PredictFlags, One, EvaluateFlags, Read>): TaskParts {
  return {
    train: trainPart(train),
    predict: predictPart(train, load, predict),
    evaluate: evalPart(train, load, evaluate),
  };
}

const commandsOf = (served: readonly TaskParts[]): Command[] => [
  trainCommand(served.map(({ train }) => train)),
  useCommand(served.map(({ predict }) => predict)),
  useCommand(served.map(({ evaluate }) => evaluate)),
  ...served.flatMap(({ further = [] }) => further.map((part) => useCommand([part]))),
];
