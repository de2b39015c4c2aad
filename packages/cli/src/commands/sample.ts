import { randomInt } from 'node:crypto';
import { Command, Option } from 'commander';
import { generate } from 'unrolled/tasks/language-model';
import { breathe } from 'unrolled/train';
import { printable } from '../listeners/text.ts';
import { loadModel } from '../load-model.ts';
import { openMachine, toStandardError } from '../open-device.ts';
import { blasOption, number, threadsOption, whole } from '../options.ts';
import type { CheckpointName } from '../run-folder.ts';

interface SampleFlags {
  prompt: string;
  length: number;
  temperature: number;
  topK: number;
  topP: number;
  seed?: number;
  stop?: string;
  count: number;
  checkpoint?: CheckpointName;
  json?: boolean;
  threads?: number;
  blas?: string;
}

export function sampleCommand(): Command {
  const notNegative = number((value) => value >= 0, 'from 0');
  return new Command('sample')
    .description('let a trained model write')
    .argument('<run>', 'run folder, or checkpoint file')
    .option('--prompt <text>', 'text to go on from', '')
    .addOption(new Option('--length <n>', 'tokens to write').argParser(whole(0)).default(500))
    .addOption(
      new Option('--temperature <t>', 'below 1 bolder, above 1 wilder, 0 always the likeliest')
        .argParser(notNegative)
        .default(0.8),
    )
    .addOption(new Option('--top-k <k>', 'only the k likeliest tokens, 0: all').argParser(whole(0)).default(0))
    .addOption(
      new Option('--top-p <p>', 'only the likeliest tokens that together have probability p')
        .argParser(number((value) => value > 0 && value <= 1, 'above 0, at most 1'))
        .default(1),
    )
    .addOption(
      new Option('--seed <n>', 'same seed, same text (default: another one each time)').argParser(
        whole(0, 2 ** 32 - 1),
      ),
    )
    .option('--stop <text>', 'end when this has been written')
    .addOption(new Option('--count <n>', 'how many samples').argParser(whole(1)).default(1))
    .addOption(
      new Option('--checkpoint <name>', 'which checkpoint (default: best)').choices(['best', 'latest', 'previous']),
    )
    .option('--json', 'print one JSON object per sample')
    .addOption(threadsOption())
    .addOption(blasOption())
    .addHelpText(
      'after',
      `
Examples:
  unrolled sample runs/shakespeare --prompt "ROMEO:" --length 500 --temperature 0.8
  unrolled sample runs/shakespeare --top-k 5 --seed 7 --count 3`,
    )
    .action(sample);
}

async function sample(run: string, flags: SampleFlags): Promise<void> {
  const { prompt, length, temperature, topK, topP, stop } = flags;
  // One stream is little work for each step: more threads would only wait for each other.
  const device = await openMachine({ threads: flags.threads ?? 1, blas: flags.blas }, toStandardError);
  try {
    const model = await loadModel(device, run, flags.checkpoint);
    const first = flags.seed ?? randomInt(2 ** 32);
    for (let i = 0; i < flags.count; i++) {
      const seed = first + i;
      const pieces = generate(model, { prompt, length, temperature, topK, topP, stop, seed });
      if (flags.json) {
        process.stdout.write(`${JSON.stringify({ type: 'sample', seed, prompt, text: [...pieces].join('') })}\n`);
        continue;
      }
      // What a model writes must not steer a terminal; in a file or a pipe it is kept as it is.
      const show = process.stdout.isTTY ? printable : (text: string): string => text;
      const begun = pieces.next();
      if (i > 0) process.stdout.write('\n----\n');
      process.stdout.write(show(prompt + (begun.value ?? '')));
      let written = performance.now();
      for (const piece of pieces) {
        process.stdout.write(show(piece));
        if (performance.now() - written > 20) {
          await breathe();
          written = performance.now();
        }
      }
      process.stdout.write('\n');
    }
  } finally {
    device.close();
  }
}
