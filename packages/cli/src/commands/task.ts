import { Command } from 'commander';
import { type TaskName, type TaskTypes, tasks } from 'unrolled/tasks';
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

/** The commands of each task of the library's list: one that is missing does not compile. */
const commands: Readonly<Record<TaskName, () => Command[]>> = {
  'language-model': () => commandsOf(languageModelCommands),
  classify: () => commandsOf(classifyCommands),
  forecast: () => commandsOf(forecastCommands),
  tag: () => commandsOf(tagCommands),
  translate: () => commandsOf(translateCommands),
};

/** `train`, `sample` and `eval` of language models. */
export const topCommands = commands['language-model'];

/** `translate`, `classify`, …: each with `train`, `predict` and `eval`. */
export const taskCommands = (): Command[] =>
  tasks
    .filter(({ name }) => name !== 'language-model')
    .map(({ name, description }) => {
      const group = new Command(name).description(description);
      for (const command of commands[name]()) group.addCommand(command);
      return group;
    });

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
