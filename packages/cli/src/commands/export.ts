import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, normalize, resolve } from 'node:path';
import { Command } from 'commander';
import { decodeModel, isModelFile, type ModelFile, taskOf } from 'unrolled/train';
import { Failure, naming, namingAsync } from '../failure.ts';
import type { ModelFormat } from '../model-files/format.ts';
import { described, formatOfContent, formatOfName, readModelInput } from '../model-files/list.ts';
import { safetensors } from '../model-files/safetensors.ts';
import { checkpointOption, type UseFlags } from '../options/use.ts';
import { makeFolder } from '../output/folders.ts';
import { printable } from '../output/text.ts';
import { countOf, formatBytes } from '../output/units.ts';
import { readModel } from '../run/load.ts';

interface ExportFlags extends Pick<UseFlags, 'checkpoint' | 'json'> {
  half?: boolean;
  rightPadded?: boolean;
  config?: string;
}

export function exportCommand(): Command {
  return new Command('export')
    .description('write a trained model to a single file, for a page, an app, a server or another program')
    .argument('<run>', 'run folder, checkpoint, or a model file of Keras or TensorFlow.js')
    .argument(
      '[file]',
      `output file; its folder is created, its ending says the format: ${described((format) => !!format.export)} ` +
        '(default: <run>.safetensors)',
    )
    .option('--half', '16-bit floats in a .safetensors file: half the size, nearly the same model')
    .option(
      '--right-padded',
      'ONNX: masked steps come after all others, so masks become the number of steps of each row',
    )
    .option('--config <file>', 'architecture as JSON, for model files that hold weights alone')
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
  unrolled export model.keras model.onnx --right-padded
  unrolled export runs/sentiment sentiment.onnx

A .safetensors file holds everything needed to open the model: parameters, configuration, vocabulary. Training cannot resume from it.`,
    )
    .action(exportModel);
}

/** Writes a model in the format that the ending of the file's name says. */
async function exportModel(run: string, file: string | undefined, flags: ExportFlags): Promise<void> {
  const { half = false, rightPadded = false, json } = flags;
  const { stored, notes, name } = await modelAt(run, flags);
  const path = file ?? `${name}.safetensors`;
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Failure(`${path}: it is a folder; name a file in it, such as ${join(path, 'model.safetensors')}`);
  }
  const format = formatOfName(path);
  if (half && !format.half) {
    throw new Failure(`--half: is of .safetensors files, ${format.name} is written with 32 bits`, 2);
  }
  if (rightPadded && !format.rightPadded) {
    throw new Failure(`--right-padded: is of .onnx files, ${format.name} has masks of any form`, 2);
  }
  const replaced = refuseToLose(path, format);
  const files = await namingAsync(run, () => format.export!(stored, basename(path), { half, rightPadded }));
  const paths = Object.keys(files).map((name) => join(dirname(path), name));
  // Files beside a model's own belong to it if it is there.
  const other = paths.find((one) => one !== normalize(path) && !replaced && existsSync(one));
  if (other !== undefined) throw new Failure(`${other}: refusing to overwrite it; choose another folder`);
  naming(path, () => makeFolder(dirname(path)));
  Object.values(files).forEach((bytes, i) => {
    naming(paths[i], () => writeFileSync(paths[i], bytes));
  });
  const bytes = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  const parameters = Object.values(stored.parameters).reduce((sum, { data }) => sum + data.length, 0);
  if (json) {
    const about = { file: path, files: paths, bytes, format: format.name, task: taskOf(stored), parameters, notes };
    process.stdout.write(`${JSON.stringify({ type: 'export', ...about, step: stored.step, half })}\n`);
    return;
  }
  for (const note of notes) process.stderr.write(`${printable(note)}\n`);
  const others = paths.filter((one) => one !== normalize(path));
  const beside = others.length > 0 ? `, with ${others.join(', ')}` : '';
  const numbers = `${countOf(parameters, 'number')} of ${half ? 16 : 32} bits`;
  const when = stored.step > 0 ? `, after ${countOf(stored.step, 'update')}` : '';
  process.stdout.write(`${path}: ${formatBytes(bytes)}, ${numbers}${when}${beside}\n`);
}

/** The model of a run, or of a file of any program. */
async function modelAt(
  path: string,
  { checkpoint, config }: ExportFlags,
): Promise<{ stored: ModelFile; notes: readonly string[]; name: string }> {
  const own = () => ({
    stored: readModel(path, checkpoint),
    notes: [],
    name: basename(resolve(path), '.safetensors'),
  });
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return own();
  const input = readModelInput(path, config);
  const format = formatOfContent(path, input.bytes);
  if (format === safetensors) return own();
  if (!format.import) throw new Failure(`${path}: ${format.instead}`);
  const { file, notes } = await namingAsync(path, () => format.import!(input));
  if (isModelFile(file)) return { stored: decodeModel(file), notes, name: basename(path, extname(path)) };
  throw new Failure(`${path}: it holds weights without a model; npx unrolled import makes a safetensors file of them`);
}

/** @returns whether there is such a file already, of the same format. @throws Failure if there is another one */
function refuseToLose(path: string, { name, fits, replaces = fits }: ModelFormat): boolean {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
  if (replaces(naming(path, () => readFileSync(path)))) return true;
  throw new Failure(`${path}: refusing to overwrite a file that is no model of ${name}; choose another name`);
}
