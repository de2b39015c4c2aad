import { Command } from 'commander';
import { type TaskTypes, tasks } from 'unrolled/tasks';
import type { TrainOptions } from '../options/train.ts';
import type { UseFlags } from '../options/use.ts';
import { classifyCommands } from '../tasks/classify/commands.ts';
import { forecastCommands } from '../tasks/forecast/commands.ts';
import { languageModelCommands } from '../tasks/language-model/commands.ts';
import { tagCommands } from '../tasks/tag/commands.ts';
import type { Evaluated, Item, TaskCommands } from '../tasks/task-commands.ts';
import { translateCommands } from '../tasks/translate/commands.ts';
import { evalCommand } from './eval.ts';
import { predictCommand } from './predict.ts';
import { trainCommand } from './train.ts';

/** Those of language models stand at the top: `train`, `sample`, `eval`. */
export const topCommands = (): Command[] => commandsOf(languageModelCommands);

/** `classify`, `tag`, …: each with `train`, `predict` and `eval`. */
export const taskCommands = (): Command[] => [
  grouped('classify', commandsOf(classifyCommands)),
  grouped('tag', commandsOf(tagCommands)),
  grouped('translate', commandsOf(translateCommands)),
  grouped('forecast', commandsOf(forecastCommands)),
];

function commandsOf<
  T extends TaskTypes,
  Options extends TrainOptions,
  PredictFlags extends UseFlags,
  One extends Item<T['input']>,
  EvaluateFlags extends UseFlags,
  Read extends Evaluated<T>,
>({ load, train, predict, evaluate }: TaskCommands<T, Options, PredictFlags, One, EvaluateFlags, Read>): Command[] {
  return [trainCommand(train), predictCommand(load, predict), evalCommand(load, evaluate)];
}

function grouped(name: string, commands: readonly Command[]): Command {
  const { description } = tasks.find((one) => one.name === name)!;
  const group = new Command(name).description(description);
  for (const command of commands) group.addCommand(command);
  return group;
}
