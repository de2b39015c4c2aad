import type { Task, TaskTypes } from 'unrolled/tasks';
import type { UseFlags } from '../options/use.ts';
import type { FurtherPart } from '../tasks/task-commands.ts';
import type { UsePart } from './use.ts';
import { withModel } from './with-model.ts';

/** A command that one task has besides `train`, `predict` and `eval`. */
export function furtherPart<T extends TaskTypes, Flags extends UseFlags>(
  { task: name, inputs }: { readonly task: string; readonly inputs: string },
  load: () => Promise<Task<T>>,
  part: FurtherPart<T, Flags>,
): UsePart {
  return {
    ...{ name: part.name, task: name, inputs, description: part.description, help: part.help },
    ...{ argument: part.argument, options: part.options() },
    async use(command, run, paths) {
      const flags = command.opts<Flags>();
      const task = await load();
      await withModel(run, flags, task.open, async (model) => {
        const { json, text } = await part.use({ task, model, run }, paths, flags);
        process.stdout.write(flags.json ? `${JSON.stringify({ type: part.name, task: task.name, ...json })}\n` : text);
      });
    },
  };
}
