#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { UnrolledError } from 'unrolled';
import { placeInCellFile } from './cells/cell-file.ts';
import { convnetCommand } from './commands/convnet.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportCommand } from './commands/export.ts';
import { fillCommand } from './commands/fill.ts';
import { gradientsCommand } from './commands/gradients.ts';
import { importCommand } from './commands/import.ts';
import { inspectCommand } from './commands/inspect.ts';
import { labCommand } from './commands/lab.ts';
import { searchCommand } from './commands/search.ts';
import { seeCommand } from './commands/see.ts';
import { studioCommand } from './commands/studio.ts';
import { styleCommand } from './commands/style.ts';
import { taskCommands, topCommands } from './commands/task.ts';
import { unitsCommand } from './commands/units.ts';
import { describeSystemError, Failure } from './failure.ts';
import { acceptOldOptions, withCurrentCommand } from './options/renamed.ts';
import { shellWord } from './output/units.ts';
import { version } from './version.ts';

/** The longest message: messages quote what they are about, but do not grow with it. */
const mostCharacters = 2000;

const debug = process.env.UNROLLED_DEBUG === '1';

const program = new Command('unrolled')
  .description('Train recurrent networks on text, tags, translations and series, and look inside them.')
  .version(version)
  .addHelpText(
    'after',
    `
Examples:
  unrolled train my.txt
  unrolled sample runs/my --prompt "Once upon"
  unrolled eval runs/my other.txt
  unrolled sample gpt2 --prompt "Once upon"
  unrolled fill bert-base-uncased "paris is the [MASK] of france."
  unrolled gradients runs/my
  unrolled units runs/my
  unrolled classify train names.tsv
  unrolled tag train names.conll
  unrolled forecast train demand.csv
  unrolled see runs/flowers rose.jpg
  unrolled export runs/my --half
  unrolled import model.keras
  unrolled lab adding --cell gru
  unrolled search cell my.txt
  unrolled studio
  unrolled <command> --help`,
  );
const commands = [
  ...[
    ...topCommands(),
    fillCommand(),
    gradientsCommand(),
    unitsCommand(),
    ...taskCommands(),
    seeCommand(),
    styleCommand(),
  ],
  ...[
    importCommand(),
    inspectCommand(),
    exportCommand(),
    convnetCommand(),
    labCommand(),
    searchCommand(),
    studioCommand(),
    demoCommand(),
    doctorCommand(),
  ],
];
for (const command of commands) program.addCommand(command);
const hintAtNewName = (line: string): void => void process.stderr.write(`unrolled: ${line}\n`);
acceptOldOptions(program, hintAtNewName);
for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])]) {
  command.exitOverride().showSuggestionAfterError();
  command.configureOutput({
    outputError: (text, write) => write(`unrolled: ${oneLine(text.replace(/^error: /, ''))}${hint(text, command)}\n`),
  });
}

// A training run has its own listener. Elsewhere, a closed pipe, as with `| head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (process.stdout.listenerCount('error') > 1) return;
  process.exit(
    error.code === 'EPIPE' ? 0 : report(new Failure(`output: ${describeSystemError(error) ?? error.message}`)),
  );
});
process.stderr.on('error', () => {});

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync(withCurrentCommand(process.argv.slice(2), hintAtNewName), { from: 'user' });
} catch (error) {
  process.exitCode = report(error);
}

/** Prints what went wrong in one line. @returns the exit code */
function report(error: unknown): number {
  // Commander has printed it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const expected = error instanceof Failure || error instanceof UnrolledError;
  const place = placeInCellFile(error);
  const message = (place ? `${place}: ` : '') + (error instanceof Error ? error.message : String(error));
  const system = describeSystemError(error);
  const line = oneLine(
    expected
      ? message
      : system
        ? `${message.split(',')[0]}: ${system}`
        : `this is a bug: ${message} (UNROLLED_DEBUG=1 shows where)`,
  );
  process.stderr.write(`unrolled: ${line}\n`);
  // Also as an event, for programs that read those.
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ type: 'error', message: line })}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return error instanceof Failure ? error.exitCode : 1;
}

/** For those who forget the word `train`: suggests a task by the file's extension. */
function hint(text: string, command: Command): string {
  const [, word] = /unknown command '(.+?)'/.exec(text) ?? [];
  if (!word || !existsSync(word)) return '';
  if (existsSync(join(word, 'config.json'))) return `; to look at this run: unrolled studio ${shellWord(word)}`;
  const byEnding: Readonly<Record<string, string>> = { '.csv': 'forecast ', '.tsv': 'classify ', '.conll': 'tag ' };
  const task = command === program ? (byEnding[extname(word)] ?? '') : `${command.name()} `;
  return `; to train on it: unrolled ${task}train ${shellWord(word)}`;
}

function oneLine(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, ' ');
  if (line.length <= mostCharacters) return line;
  return `${line.slice(0, mostCharacters / 2)} […] ${line.slice(-mostCharacters / 2)}`;
}
