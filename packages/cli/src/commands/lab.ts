import { Argument, Command, Option } from 'commander';
import { optimizerNames, scheduleNames } from 'unrolled/optim';
import { type LongMemoryTask, longMemoryTaskNames, longMemoryTasks } from 'unrolled/tasks/long-memory';
import { type LabFlags, prepareLab } from '../lab/prepare.ts';
import { runLab } from '../lab/run.ts';
import { choice, notNegative, number, option, positive, whole } from '../options/parse.ts';
import { cellKind, cellOption, dropoutOption } from '../options/recurrent.ts';
import { transformerOptions } from '../options/transformer.ts';
import { blasOption, threadsOption } from '../options/use.ts';

export function labCommand(): Command {
  const command = new Command('lab')
    .description('train models on a problem that needs long memory, over several seeds')
    .addArgument(new Argument('[task]', 'problem to train on (default: list them)').choices(longMemoryTaskNames));
  const seed = option('--seed <n>', 'use only this seed (default 1)', whole(0, 2 ** 32 - 1));
  const untilSolved = new Option('--until-solved', 'train until the problem is solved, or for --seconds');
  for (const one of [
    cellOption('lstm', '; repeatable: trains each in turn').argParser((cell: string, others: string[] | undefined) => [
      ...(others ?? []),
      cellKind(cell),
    ]),
    option('--length <n>', 'sequence length; in some tasks the longest to train on, or the number of parts', whole(1)),
    option('--test-length <n>', 'longest sequence to test on', whole(1)),
    choice('--answers <when>', 'parity: train on an answer at each step or at the end', ['each', 'end']),
    new Option('--rows', 'digits: read a row of pixels per step instead of one pixel'),
    option('--permutation-seed <n>', 'permuted digits: seed of the pixel order (default 1)', whole(0, 2 ** 32 - 1)),
    option('--shift <n>', 'digits: shift training digits at random by up to n pixels', whole(0)),
    new Option('--data <path>', 'digits: a folder of IDX files; music: a JSON file of pieces'),
    option('--seeds <n>', 'run seeds 1 to n', whole(1, 10_000)),
    seed.conflicts('seeds'),
    option('--hidden <n>', 'hidden units per layer; the width of a Transformer', whole(1)),
    option('--layers <n>', 'recurrent layers, or blocks of a Transformer', whole(1)),
    dropoutOption(),
    option('--batch <n>', 'batch size', whole(1)),
    choice('--optimizer <name>', 'optimizer', optimizerNames),
    option('--lr <rate>', 'learning rate', positive),
    choice('--schedule <name>', 'learning-rate schedule', scheduleNames),
    option('--clip-norm <norm>', 'clip the gradient to this norm, 0: no clipping', notNegative),
    option('--steps <n>', 'stop after n steps', whole(1)),
    option('--seconds <n>', 'stop each seed after n seconds', positive),
    untilSolved.conflicts('steps'),
    option(
      '--bar <value>',
      'value of the metric from which the problem counts as solved',
      number(() => true, 'such as 0.01'),
    ),
    option('--validate-every <n>', 'steps between validations', whole(1)),
    new Option('--json', 'print one JSON object per event'),
    new Option('--out <file>', 'write the results as JSON'),
    new Option('--plot <file.svg>', 'draw the learning curve of each cell, with the chance level'),
    threadsOption(),
    blasOption(),
    ...transformerOptions(['rotary', 'sinusoidal', 'none']),
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
  unrolled lab adding --model transformer --layers 2 --heads 4
  unrolled lab digits --data digits --rows

Defaults depend on task and cell. A seed ends when three validations in a row find the problem solved, or after its steps
or seconds. Ctrl-C prints the table of finished seeds.`,
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
  return `Problems that need long memory, for unrolled lab <task>:\n\n${lines.join('\n')}\n`;
}
