import { existsSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { Failure } from '../failure.ts';
import { blasOption, folderName, threadsOption, trainingOptions } from '../options.ts';
import { type CheckpointName, RunFolder } from '../run-folder.ts';
import { readTextFiles } from '../text-files.ts';
import { type RunFlags, resumeRun, startRun } from '../training-run.ts';
import { shellWord } from '../units.ts';

interface TrainFlags extends RunFlags {
  out?: string;
  resume?: string;
  checkpoint?: CheckpointName;
}

export function trainCommand(): Command {
  const command = new Command('train')
    .description('train a language model on text files, or folders with text files')
    .argument('[texts...]', 'text files and folders')
    .addOption(
      new Option('--out <folder>', 'where to keep the run (default: runs/<name of the text>)').argParser(folderName),
    )
    .addOption(
      new Option('--resume <folder>', 'go on with a run that was interrupted').argParser(folderName).conflicts('out'),
    )
    .addOption(
      new Option('--checkpoint <name>', 'with --resume: from which checkpoint (default: latest)').choices([
        'latest',
        'previous',
        'best',
      ]),
    )
    .option('--json', 'print one JSON object per event')
    .addOption(threadsOption())
    .addOption(blasOption());
  for (const option of trainingOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled train shakespeare.txt
  unrolled train src --cell gru --hidden 128 --seconds 300
  unrolled train my.txt --cell ./my-cell.ts
  unrolled train --resume runs/shakespeare

The first 90% of the text train, the last 10% validate. Ctrl-C ends after the step that is under way, with a checkpoint.`,
    )
    .action(async (texts: string[], flags: TrainFlags) => {
      process.exitCode = await trainOrResume(texts, flags);
    });
}

function trainOrResume(paths: readonly string[], flags: TrainFlags): Promise<number> {
  const { out, resume, checkpoint, ...rest } = flags;
  if (resume !== undefined) return resumeRun(new RunFolder(resume), paths, checkpoint ?? 'latest', rest);
  if (checkpoint !== undefined) throw new Failure('train: --checkpoint goes only with --resume', 2);
  if (paths.length === 0) throw new Failure('train: no text given; name a file or folder, or --resume a run', 2);
  const texts = readTextFiles(paths);
  const folder = new RunFolder(out ?? join('runs', runName(paths[0])));
  if (folder.exists) {
    throw new Failure(
      `${folder.path}: this run exists; go on with --resume ${shellWord(folder.path)}, or choose another --out`,
    );
  }
  if (!folder.isFree) {
    throw new Failure(`${folder.path}: this folder has other files in it; choose another --out`);
  }
  return startRun(texts, folder, rest);
}

/** The name of a text, for its run: `texts/hamlet.txt` → `hamlet`. */
function runName(path: string): string {
  const absolute = resolve(path);
  return basename(absolute, existsSync(path) ? extname(absolute) : '') || 'run';
}
