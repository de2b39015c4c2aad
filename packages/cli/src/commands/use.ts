import { Command } from 'commander';
import { taskOf } from 'unrolled/train';
import { type UseFlags, useOptions } from '../options/use.ts';
import { readModel } from '../run/load.ts';
import type { Argument } from '../tasks/task-commands.ts';
import { addOptions, joined, type Part, requireOwnOptions } from './parts.ts';

/** What a command does with a trained model of one task. */
export interface UsePart extends Part {
  readonly name: string;
  readonly argument?: Argument | undefined;
  /** @param given  the arguments after the run */
  use(command: Command, run: string, given: readonly string[]): Promise<void>;
}

/** A command that uses the model of a run or file: `predict`, `eval`. Of several parts, the model's task decides. */
export function useCommand(parts: readonly UsePart[]): Command {
  const [first] = parts;
  const command = new Command(first.name)
    .description(joined(parts.map(({ description }) => description)))
    .argument('<run>', 'run folder, checkpoint file, or folder of a published model');
  const argument = first.argument;
  if (argument) {
    command.argument(
      argument.name,
      joined(
        parts.flatMap((part) => part.argument?.description ?? []),
        '; ',
      ),
    );
  }
  addOptions(command, parts);
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      joined(
        parts.map(({ help }) => help),
        '\n',
      ),
    )
    .action(async () => {
      const [run, ...given] = command.args;
      const task = parts.length === 1 ? first.task : taskOf(readModel(run, command.opts<UseFlags>().checkpoint));
      const chosen = parts.find((part) => part.task === task) ?? first;
      requireOwnOptions(command, parts, chosen);
      await chosen.use(command, run, given);
    });
}
