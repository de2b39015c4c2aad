import { Argument, Command, Option } from 'commander';
import { optimizerNames, scheduleNames } from 'unrolled/optim';
import { type LongMemoryTask, longMemoryTaskNames, longMemoryTasks } from 'unrolled/tasks/long-memory';
import { type LabFlags, prepareLab } from '../lab/prepare.ts';
import { runLab } from '../lab/run.ts';
import {
  blasOption,
  cellKind,
  cellOption,
  choice,
  notNegative,
  number,
  option,
  positive,
  threadsOption,
  whole,
} from '../options.ts';

export function labCommand(): Command {
  const command = new Command('lab')
    .description('train a cell on a problem of long memory, over several seeds, and compare with chance')
    .addArgument(new Argument('[task]', 'what to learn; without one: what there is').choices(longMemoryTaskNames));
  const seed = option('--seed <n>', 'only this seed (default 1)', whole(0, 2 ** 32 - 1));
  const untilSolved = new Option('--until-solved', 'no end but a solved problem, or --seconds');
  for (const one of [
    cellOption('lstm', '; given several times: each, one after the other').argParser(
      (cell: string, others: string[] | undefined) => [...(others ?? []), cellKind(cell)],
    ),
    option(
      '--length <n>',
      'length of the sequences; for some tasks the longest to train on, or how many parts',
      whole(1),
    ),
    option('--test-length <n>', 'the longest sequence to test on', whole(1)),
    choice('--answers <when>', 'parity: answers to learn from, at each step or at the end', ['each', 'end']),
    new Option('--rows', 'digits: a row of pixels in a step, in place of a pixel'),
    option(
      '--permutation-seed <n>',
      'permuted digits: where their order comes from (default 1)',
      whole(0, 2 ** 32 - 1),
    ),
    option('--shift <n>', 'digits: train on each moved by up to n pixels, another way each time', whole(0)),
    new Option('--data <path>', 'digits: a folder of IDX files; music: a JSON file of pieces'),
    option('--seeds <n>', 'seeds 1 to n, one after the other', whole(1, 10_000)),
    seed.conflicts('seeds'),
    option('--hidden <n>', 'hidden units in a layer', whole(1)),
    option('--layers <n>', 'recurrent layers', whole(1)),
    option(
      '--dropout <rate>',
      'share of numbers set to 0',
      number((r) => r >= 0 && r < 1, 'from 0, below 1'),
    ),
    option('--batch <n>', 'sequences in a batch', whole(1)),
    choice('--optimizer <name>', 'how gradients become updates', optimizerNames),
    option('--lr <rate>', 'learning rate', positive),
    choice('--schedule <name>', 'how the learning rate goes', scheduleNames),
    option('--clip-norm <norm>', 'longest gradient, 0: any', notNegative),
    option('--steps <n>', 'the most updates', whole(1)),
    option('--seconds <n>', 'the most seconds a seed', positive),
    untilSolved.conflicts('steps'),
    option(
      '--bar <value>',
      'the problem counts as solved from this value of its metric on',
      number(() => true, 'such as 0.01'),
    ),
    option('--validate-every <n>', 'steps between validations', whole(1)),
    new Option('--json', 'print one JSON object per event'),
    new Option('--out <file>', 'keep the results, as JSON'),
    new Option('--plot <file.svg>', 'draw how each cell learns, and chance'),
    threadsOption(),
    blasOption(),
  ])
    command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled lab
  unrolled lab adding --cell gru --length 100 --seeds 5
  unrolled lab parity --cell lstm --cell mingru --seeds 3 --plot parity.svg
  unrolled lab digits --data digits --rows

What is not said has defaults by task and cell. A seed ends when three validations in a row find the problem solved, or at
its steps or seconds. Ctrl-C prints the table of the seeds that are finished.`,
    )
    .action(async (task: LongMemoryTask | undefined, flags: LabFlags) => {
      if (task === undefined) process.stdout.write(listOfTasks());
      else process.exitCode = await runLab(await prepareLab(task, flags), flags);
    });
}

function listOfTasks(): string {
  const width = Math.max(...longMemoryTaskNames.map((name) => name.length)) + 2;
  const lines = longMemoryTaskNames.map((name) => {
    const { summary, chance } = longMemoryTasks[name];
    return `  ${name.padEnd(width)}${summary} (chance: ${chance})`;
  });
  return `Problems of long memory, for unrolled lab <task>:\n\n${lines.join('\n')}\n`;
}
