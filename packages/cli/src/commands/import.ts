import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { Command } from 'commander';
import { Failure, naming, namingAsync } from '../failure.ts';
import { described, formatOfContent, readModelInput } from '../model-files/list.ts';
import { makeFolder } from '../output/folders.ts';
import { printable } from '../output/text.ts';
import { countOf, formatBytes } from '../output/units.ts';

interface ImportFlags {
  config?: string;
  json?: boolean;
}

export function importCommand(): Command {
  return new Command('import')
    .description('turn a model file of another program into one of this library')
    .argument('<file>', `or folder: ${described((format) => format.import !== undefined)}`)
    .argument('[out]', 'output file; its folder is created (default: <file>.safetensors, in this folder)')
    .option('--config <file>', 'architecture as JSON, for files that hold weights alone')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  unrolled inspect model.keras
  unrolled import model.keras
  unrolled import model.weights.h5 --config model.json
  unrolled import weights.pt weights.safetensors
  unrolled import gpt2 gpt2.safetensors

A model of Keras opens with loadModel of unrolled/keras, a published Transformer with sample, fill or classify. Nothing in a file is run; what cannot be read is named.`,
    )
    .action(importModel);
}

async function importModel(path: string, out: string | undefined, { config, json }: ImportFlags): Promise<void> {
  const input = readModelInput(path, config);
  const format = formatOfContent(path, input.bytes);
  if (!format.import) throw new Failure(`${path}: ${format.instead ?? `${format.name} is written, but not read`}`);
  const { file, what, parameters, notes } = await namingAsync(path, () => format.import!(input));
  const target = out ?? `${basename(path, extname(path)).replace(/\.weights$/, '')}.safetensors`;
  refuseToLose(target);
  naming(target, () => {
    makeFolder(dirname(target));
    writeFileSync(target, file);
  });
  if (json) {
    const about = { file: target, bytes: file.length, format: format.name, what, parameters, notes };
    process.stdout.write(`${JSON.stringify({ type: 'import', ...about })}\n`);
    return;
  }
  for (const note of notes) process.stderr.write(`${printable(note)}\n`);
  process.stdout.write(
    `${target}: ${formatBytes(file.length)}, ${printable(what)}, ${countOf(parameters, 'number')}\n`,
  );
}

/** Only what an earlier import or another program of safetensors wrote may be replaced, and no checkpoint. */
function refuseToLose(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  const head = naming(path, () => readFileSync(path)).subarray(8, 8 + 2 ** 16);
  const text = new TextDecoder().decode(head);
  if (text.startsWith('{') && !text.includes('"format":"unrolled checkpoint')) return;
  throw new Failure(`${path}: refusing to overwrite a file that is not an imported model; choose another name`);
}
