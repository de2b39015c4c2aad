import type { Task, TaskTypes } from 'unrolled/tasks';
import { Failure } from '../failure.ts';
import { flagOf } from '../options/parse.ts';
import type { UseFlags } from '../options/use.ts';
import type { Item, PredictPart, Printing } from '../tasks/task-commands.ts';
import { pathOf } from './path-of.ts';
import type { UsePart } from './use.ts';
import { withModel } from './with-model.ts';

/** What `predict` does for a task: inputs in batches, and a line of output for each, or an object with --json. */
export function predictPart<T extends TaskTypes, Flags extends UseFlags, One extends Item<T['input']>>(
  { task: taskName, inputs }: { readonly task: string; readonly inputs: string },
  load: () => Promise<Task<T>>,
  part: PredictPart<T, Flags, One>,
): UsePart {
  const { name = 'predict', description, argument, instead = [], help } = part;
  return {
    ...{ name, task: taskName, inputs, description, argument, help },
    options: part.options(),
    async use(command, run, texts) {
      const flags = command.opts<Flags>();
      if (texts.length > 0 && instead.some((one) => flags[one] !== undefined)) {
        const either = instead.map(flagOf).join(' or ');
        throw new Failure(`${pathOf(command)}: received texts and ${either}; omit one of them`, 2);
      }
      const task = await load();
      await withModel(run, flags, task.open, async (model) => {
        const used = { task, model, run };
        const printing = part.begin(used, flags);
        for await (const items of part.items(used, { texts, flags })) {
          if ('write' in printing) await printing.write(items);
          else await answer(task, model, items, printing, flags);
        }
        await printing.end?.();
      });
    },
  };
}

async function answer<T extends TaskTypes, One extends Item<T['input']>>(
  task: Task<T>,
  model: T['model'],
  items: readonly One[],
  { options, explain, text, json }: Printing<T, One>,
  flags: UseFlags,
): Promise<void> {
  const inputs = items.flatMap(({ input }) => (input === null ? [] : [input]));
  const answers = (await task.predict(model, inputs, options)).values();
  for (const item of items) {
    const found = item.input === null ? null : answers.next().value!;
    const why =
      found !== null && explain && task.explain ? await task.explain.explain(model, item.input, explain(found)) : null;
    process.stdout.write(flags.json ? `${JSON.stringify(json(item, found, why))}\n` : text(item, found, why));
  }
}
