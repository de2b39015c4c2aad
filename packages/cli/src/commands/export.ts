import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { FormatError } from 'unrolled';
import { encodeModel, isModelFile, taskOf } from 'unrolled/train';
import { Failure, naming, namingAsync } from '../failure.ts';
import { described, formatOfName } from '../model-files/list.ts';
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
    .argument(
      '[file]',
      `output file; its folder is created, its ending says the format: .safetensors, ${described((format) => !!format.export)} ` +
        '(default: <run>.safetensors)',
    )
    .option('--half', '16-bit floats in a .safetensors file: half the size, nearly the same model')
    .addOption(checkpointOption())
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  unrolled export runs/shakespeare
  unrolled export runs/shakespeare public/shakespeare.safetensors --half
  unrolled export my.safetensors my.keras
  unrolled export my.safetensors public/model.json

A .safetensors file holds everything needed to open the model: parameters, configuration, vocabulary. Training cannot resume from it.`,
    )
    .action(exportModel);
}

async function exportModel(run: string, file: string | undefined, flags: ExportFlags): Promise<void> {
  const { checkpoint, half = false, json } = flags;
  const stored = readModel(run, checkpoint);
  const path = file ?? `${basename(resolve(run), '.safetensors')}.safetensors`;
  if (!path.endsWith('.safetensors')) return exportAs(run, path, flags);
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

/** Writes a model in the format that the ending of the file's name says. */
async function exportAs(run: string, path: string, { checkpoint, half, json }: ExportFlags): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Failure(`${path}: it is a folder; name a file in it, such as ${join(path, 'model.safetensors')}`);
  }
  const format = formatOfName(path);
  if (half) throw new Failure(`--half: is of .safetensors files, ${format.name} is written with 32 bits`, 2);
  const stored = readModel(run, checkpoint);
  const files = await namingAsync(run, () => format.export!(stored, basename(path)));
  const folder = dirname(path);
  const paths = Object.keys(files).map((name) => join(folder, name));
  if (statSync(path, { throwIfNoEntry: false })?.isFile() && !format.fits(naming(path, () => readFileSync(path)))) {
    throw new Failure(`${path}: refusing to overwrite a file that is no model of ${format.name}; choose another name`);
  }
  naming(path, () => makeFolder(folder));
  Object.values(files).forEach((bytes, i) => {
    naming(paths[i], () => writeFileSync(paths[i], bytes));
  });
  const bytes = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  const parameters = Object.values(stored.parameters).reduce((sum, { data }) => sum + data.length, 0);
  if (json) {
    const about = { file: path, files: paths, bytes, format: format.name, task: taskOf(stored), parameters };
    process.stdout.write(`${JSON.stringify({ type: 'export', ...about, step: stored.step, half: false })}\n`);
    return;
  }
  const others = paths.filter((one) => one !== path);
  const beside = others.length > 0 ? `, with ${others.join(', ')}` : '';
  process.stdout.write(`${path}: ${formatBytes(bytes)} of ${format.name}, ${countOf(parameters, 'number')}${beside}\n`);
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
