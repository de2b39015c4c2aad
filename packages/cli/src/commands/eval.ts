import { Command } from 'commander';
import type { Task, TaskTypes } from 'unrolled/tasks';
import { type UseFlags, useOptions } from '../options/use.ts';
import type { Evaluated, EvaluatePart } from '../tasks/task-commands.ts';
import { withModel } from './with-model.ts';

/** The command `eval` of a task: the scores of a model on files. */
export function evalCommand<T extends TaskTypes, Flags extends UseFlags, Read extends Evaluated<T>>(
  load: () => Promise<Task<T>>,
  part: EvaluatePart<T, Flags, Read>,
): Command {
  const command = new Command('eval')
    .description(part.description)
    .argument('<run>', 'run folder, or checkpoint file')
    .argument(part.argument.name, part.argument.description);
  for (const one of [...part.options(), ...useOptions()]) command.addOption(one);
  return command.addHelpText('after', part.help).action(async () => {
    const [run, ...paths] = command.args;
    const flags = command.opts<Flags>();
    const task = await load();
    await withModel(run, flags, task.open, async (model) => {
      const used = { task, model, run };
      const read = await part.read(used, paths, flags);
      const found = await task.evaluate(model, read.data, read.options);
      const { json, text } = await part.report(found, read, used, flags);
      const object = { type: 'evaluation', task: task.name, ...json };
      process.stdout.write(flags.json ? `${JSON.stringify(object)}\n` : text);
    });
  });
}
