import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { LanguageModel } from 'unrolled/tasks/language-model';
import { Failure, naming } from '../failure.ts';
import { clippingOf } from '../gradients/clipping.ts';
import { describeGradients } from '../gradients/describe.ts';
import { drawGradients } from '../gradients/pictures.ts';
import { measureGradients } from '../gradients/report.ts';
import { folderName, whole } from '../options/parse.ts';
import { type UseFlags, useOptions } from '../options/use.ts';
import { makeFolder } from '../output/folders.ts';
import { shellWord } from '../output/units.ts';
import { toStandardError } from '../run/open-device.ts';
import { describeLeftOut } from '../tasks/language-model/left-out.ts';
import { readText } from '../tasks/language-model/run-text.ts';
import { withModel } from './with-model.ts';

interface GradientFlags extends UseFlags {
  lags?: number;
  jacobians?: number;
  out?: string;
}

export function gradientsCommand(): Command {
  const command = new Command('gradients')
    .description('measure how far gradients reach back in a trained model, and why')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('[texts...]', "text files and folders to read (default: the run's own validation text)")
    .addOption(
      new Option('--lags <n>', 'longest lag in steps (default: 100, or as many as the text allows)').argParser(
        whole(1),
      ),
    )
    .addOption(
      new Option(
        '--jacobians <n>',
        'steps whose Jacobians to compute, 0: none, faster (default: 1, none in large layers)',
      ).argParser(whole(0)),
    )
    .addOption(
      new Option('--out <folder>', "folder for the pictures (default: 'gradients' in the run)").argParser(folderName),
    );
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled gradients runs/shakespeare
  unrolled gradients runs/shakespeare sonnets.txt --lags 200`,
    )
    .action(gradients);
}

async function gradients(run: string, paths: string[], flags: GradientFlags): Promise<void> {
  await withModel(run, flags, LanguageModel.load, async (model) => {
    const out = flags.out ?? defaultOut(run);
    const { tokens, name, leftOut } = readText(model, 'gradients', run, paths);
    const report = await measureGradients(model, tokens, flags);
    const clipping = clippingOf(run);
    const { files, problem } = write(out, drawGradients(report, commandLine(run, paths, flags)));
    if (flags.json) {
      const about = { type: 'gradients', run, text: name, leftOut: Object.fromEntries(leftOut) };
      process.stdout.write(`${JSON.stringify({ ...about, ...report, clipping, files })}\n`);
    } else {
      const lines = [`Read from ${name}`, describeLeftOut(leftOut)].filter((line) => line !== '');
      process.stdout.write(`${lines.join('\n')}\n\n${describeGradients(report, clipping)}\n`);
      if (files.length > 0) process.stdout.write(`Pictures: ${files.join(', ')}\n`);
    }
    // The numbers are printed in any case; pictures that were asked for are not optional.
    if (problem && flags.out !== undefined) throw problem;
    if (problem) toStandardError(`unrolled: no pictures: ${problem.message}; --out FOLDER puts them elsewhere`);
  });
}

function defaultOut(run: string): string {
  if (statSync(run).isDirectory()) return join(run, 'gradients');
  throw new Failure(`${run}: it is a file; say where to put the pictures with --out`, 2);
}

/** What makes the pictures again. */
function commandLine(run: string, paths: readonly string[], { lags, jacobians, checkpoint }: GradientFlags): string {
  const options = Object.entries({ lags, jacobians, checkpoint }).filter(([, value]) => value !== undefined);
  const words = [run, ...paths, ...options.flatMap(([name, value]) => [`--${name}`, String(value)])];
  return `npx unrolled gradients ${words.map(shellWord).join(' ')}`;
}

function write(
  folder: string,
  pictures: Readonly<Record<string, string>>,
): { files: readonly string[]; problem: Failure | null } {
  const files: string[] = [];
  try {
    for (const [name, picture] of Object.entries(pictures)) {
      const path = join(folder, name);
      naming(path, () => {
        makeFolder(folder);
        writeFileSync(path, picture);
      });
      files.push(path);
    }
    return { files, problem: null };
  } catch (problem) {
    if (!(problem instanceof Failure)) throw problem;
    return { files, problem };
  }
}
