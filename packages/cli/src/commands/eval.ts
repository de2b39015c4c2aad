import type { Task, TaskTypes } from 'unrolled/tasks';
import type { UseFlags } from '../options/use.ts';
import type { Evaluated, EvaluatePart } from '../tasks/task-commands.ts';
import type { UsePart } from './use.ts';
import { withModel } from './with-model.ts';

/** What `eval` does for a task: the scores of a model on files. */
export function evalPart<T extends TaskTypes, Flags extends UseFlags, Read extends Evaluated<T>>(
  { task: name, inputs }: { readonly task: string; readonly inputs: string },
  load: () => Promise<Task<T>>,
  part: EvaluatePart<T, Flags, Read>,
): UsePart {
  return {
    ...{ name: 'eval', task: name, inputs, description: part.description, help: part.help },
    ...{ argument: part.argument, options: part.options() },
    async use(command, run, paths) {
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
    },
  };
}
