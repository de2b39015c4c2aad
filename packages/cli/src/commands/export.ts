import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { FormatError } from 'unrolled';
import { encodeModel, isModelFile } from 'unrolled/train';
import { Failure, naming } from '../failure.ts';
import { checkpointOption, type UseFlags } from '../options/use.ts';
import { makeFolder } from '../output/folders.ts';
import { countOf, formatBytes } from '../output/units.ts';
import { readModel } from '../run/load.ts';

interface ExportFlags extends Pick<UseFlags, 'checkpoint' | 'json'> {
  half?: boolean;
}

export function exportCommand(): Command {
  return new Command('export')
    .description('write a trained model to a single file, for a page, an app or a server')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('[file]', 'output file; its folder is created (default: <run>.safetensors)')
    .option('--half', '16-bit floats: half the size, nearly the same model')
    .addOption(checkpointOption())
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  unrolled export runs/shakespeare
  unrolled export runs/shakespeare public/shakespeare.safetensors --half

The file holds everything needed to open the model: parameters, configuration, vocabulary. Training cannot resume from it.`,
    )
    .action(exportModel);
}

function exportModel(run: string, file: string | undefined, { checkpoint, half = false, json }: ExportFlags): void {
  const stored = readModel(run, checkpoint);
  const path = file ?? `${basename(resolve(run), '.safetensors')}.safetensors`;
  refuseToLose(path);
  const bytes = naming(run, () => encodeModel(stored, { half }));
  naming(path, () => {
    makeFolder(dirname(path));
    writeFileSync(path, bytes);
  });
  const parameters = Object.values(stored.parameters).reduce((sum, { data }) => sum + data.length, 0);
  const { task = 'language-model' } = stored.model as { task?: string };
  if (json) {
    const about = { file: path, bytes: bytes.length, task, parameters, step: stored.step, half };
    process.stdout.write(`${JSON.stringify({ type: 'export', ...about })}\n`);
    return;
  }
  const numbers = `${countOf(parameters, 'number')} of ${half ? 16 : 32} bits`;
  process.stdout.write(`${path}: ${formatBytes(bytes.length)}, ${numbers}, after ${countOf(stored.step, 'update')}\n`);
}

/** An exported model may be overwritten, no other file, and least of all a checkpoint. */
function refuseToLose(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  let exported = false;
  try {
    exported = isModelFile(readFileSync(path));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  if (!exported)
    throw new Failure(`${path}: refusing to overwrite a file that is not an exported model; choose another name`);
}
