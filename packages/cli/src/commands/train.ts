import { basename, extname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { Failure } from '../failure.ts';
import type { SourceFile, SourceFiles } from '../input/source-files.ts';
import { folderName } from '../options/parse.ts';
import { optimizerOptions, runOptions, type TrainOptions } from '../options/train.ts';
import { blasOption, type CheckpointName, threadsOption } from '../options/use.ts';
import { shellWord } from '../output/units.ts';
import { taskOfRun } from '../run/config.ts';
import { RunFolder } from '../run/folder.ts';
import type { Trainable } from '../run/trainable.ts';
import { resumeRun, startRun } from '../run/training.ts';
import { addOptions, joined, ownGroup, type Part, requireOwnOptions } from './parts.ts';

interface TrainFlags {
  out?: string;
  resume?: string;
  checkpoint?: CheckpointName;
  json?: boolean;
  threads?: number;
}

/** What `train` does for one task. */
export interface TrainPart extends Part {
  readonly argument: string;
  readonly missing: string;
  recognises(paths: readonly string[]): boolean | Promise<boolean>;
  /** @returns the exit code */
  train(paths: readonly string[], flags: TrainFlags): Promise<number>;
}

export function trainPart<Options extends TrainOptions, Files extends SourceFiles>(
  trainable: Trainable<Options, Files>,
): TrainPart {
  const { task, inputs, description, help, argument, missing, defaults, end } = trainable;
  const own = trainable.options();
  for (const option of own) option.helpGroup(option.helpGroupHeading ?? ownGroup);
  return {
    ...{ task, inputs, description, help, argument, missing },
    options: [...own, ...optimizerOptions({ ...defaults, ...trainable.newDefaults }), ...runOptions(defaults, end)],
    recognises: (paths) => trainable.recognises?.(paths) ?? false,
    train: (paths, flags) => trainOrResume(trainable, paths, flags as TrainFlags & Partial<Options>),
  };
}

/**
 * The command `train`, with run folder, events and --resume. Of several parts, the first one that recognises its files is used;
 * otherwise the first one.
 */
export function trainCommand(parts: readonly TrainPart[]): Command {
  const [first] = parts;
  const command = new Command('train')
    .description(joined(parts.map(({ description }) => description)))
    .argument('[files...]', joined(parts.map(({ argument }) => argument)))
    .addOption(
      new Option('--out <folder>', 'run folder (default: runs/<name of the first file>)').argParser(folderName),
    )
    .addOption(new Option('--resume <folder>', 'resume an interrupted run').argParser(folderName).conflicts('out'))
    .addOption(
      new Option('--checkpoint <name>', 'with --resume: the checkpoint to start from (default: latest)').choices([
        'latest',
        'previous',
        'best',
      ]),
    )
    .option('--json', 'print one JSON object per event')
    .addOption(threadsOption())
    .addOption(blasOption());
  addOptions(command, parts);
  const help = joined(
    parts.map((part) => part.help),
    '\n',
  );
  return command.addHelpText('after', help).action(async (paths: string[], flags: TrainFlags) => {
    const { resume } = flags;
    const task = parts.length > 1 && resume !== undefined ? taskOfRun(new RunFolder(resume)) : null;
    let chosen = first;
    for (const part of parts.length > 1 ? parts : []) {
      if (!(task === null ? await part.recognises(paths) : part.task === task)) continue;
      chosen = part;
      break;
    }
    requireOwnOptions(command, parts, chosen);
    process.exitCode = await chosen.train(paths, flags);
  });
}

async function trainOrResume<Options extends TrainOptions, Files extends SourceFiles>(
  trainable: Trainable<Options, Files>,
  paths: readonly string[],
  flags: TrainFlags & Partial<Options>,
): Promise<number> {
  const { out, resume, checkpoint, json, threads, ...rest } = flags;
  const said = rest as unknown as Partial<Options>;
  if (resume !== undefined) {
    return resumeRun(trainable, new RunFolder(resume), paths, checkpoint ?? 'latest', said, { json, threads });
  }
  const { command } = trainable;
  if (checkpoint !== undefined) throw new Failure(`${command}: --checkpoint goes only with --resume`, 2);
  if (paths.length === 0) throw new Failure(`${command}: ${trainable.missing}, or resume a run with --resume`, 2);
  const sources = await trainable.read(paths);
  const folder = new RunFolder(out ?? join('runs', runName(sources.files[0], paths[0])));
  if (folder.exists && !folder.isFree) {
    throw new Failure(
      `${folder.path}: this run exists; resume it with --resume ${shellWord(folder.path)}, or choose another --out`,
    );
  }
  if (!folder.isFree) {
    throw new Failure(`${folder.path}: this folder has other files in it; choose another --out`);
  }
  return startRun(trainable, sources, folder, said, { json, threads });
}

/** The name of a text, for its run: `texts/hamlet.txt.gz` → `hamlet`, and `text` for what was piped in. */
function runName({ path, piped }: SourceFile, given: string): string {
  if (piped) return 'text';
  const absolute = resolve(given).replace(given === path ? /\.gz$/i : /$^/, '');
  return basename(absolute, given === path ? extname(absolute) : '') || 'run';
}
