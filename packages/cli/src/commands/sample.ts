import { randomInt } from 'node:crypto';
import { Command, Option } from 'commander';
import { DataError } from 'unrolled';
import { type GenerateOptions, generate, generateTogether, LanguageModel } from 'unrolled/tasks/language-model';
import { breathe } from 'unrolled/train';
import { Failure } from '../failure.ts';
import { printable, shorten } from '../listeners/text.ts';
import { loadRun } from '../load-run.ts';
import { openMachine, toStandardError } from '../open-device.ts';
import { number, type UseFlags, useOptions, whole } from '../options.ts';
import { joinTexts, readTextFiles } from '../text-files.ts';

interface SampleFlags extends UseFlags {
  prompt?: string[];
  prompts?: string;
  length: number;
  temperature: number;
  topK: number;
  topP: number;
  seed?: number;
  stop?: string;
  count: number;
}

export function sampleCommand(): Command {
  const notNegative = number((value) => value >= 0, 'from 0');
  const command = new Command('sample')
    .description('generate text with a trained language model')
    .argument('<run>', 'run folder, or checkpoint file')
    .option('--prompt <text>', 'text to continue; may be repeated', (text, before: string[] = []) => [...before, text])
    .option('--prompts <file>', 'file of prompts, one per line')
    .addOption(new Option('--length <n>', 'tokens to generate').argParser(whole(0)).default(500))
    .addOption(
      new Option('--temperature <t>', 'sampling temperature; 0: always the most likely token')
        .argParser(notNegative)
        .default(0.8),
    )
    .addOption(new Option('--top-k <k>', 'sample from the k most likely tokens, 0: all').argParser(whole(0)).default(0))
    .addOption(
      new Option('--top-p <p>', 'sample from the most likely tokens with total probability p (nucleus sampling)')
        .argParser(number((value) => value > 0 && value <= 1, 'above 0, at most 1'))
        .default(1),
    )
    .addOption(new Option('--seed <n>', 'random seed (default: random)').argParser(whole(0, 2 ** 32 - 1)))
    .option('--stop <text>', 'stop after this text')
    .addOption(new Option('--count <n>', 'samples per prompt').argParser(whole(1)).default(1));
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled sample runs/shakespeare --prompt "ROMEO:" --length 500 --temperature 0.8
  unrolled sample runs/shakespeare --top-k 5 --seed 7 --count 3
  unrolled sample runs/shakespeare --prompt "ROMEO:" --prompt "JULIET:" --json`,
    )
    .action(sample);
}

/** One text to write. */
interface Sample {
  readonly prompt: string;
  readonly seed: number;
}

/** Most samples written together: what bounds their memory. */
const mostTogether = 64;

async function sample(run: string, flags: SampleFlags): Promise<void> {
  const { length, temperature, topK, topP, stop } = flags;
  const first = flags.seed ?? randomInt(2 ** 32);
  const prompts = promptsOf(flags);
  const samples = prompts
    .flatMap((prompt) => Array.from({ length: flags.count }, () => prompt))
    .map((prompt, i): Sample => ({ prompt, seed: first + i }));
  const alone = samples.length === 1;
  const device = await openMachine({ threads: flags.threads, blas: flags.blas }, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => LanguageModel.load(device, file, cell));
    const options = { length, temperature, topK, topP, stop };
    if (alone && !flags.json) return await writeAlone(model, samples[0], options);
    if (prompts.length > 1) checkPrompts(model, prompts);
    for (let start = 0; start < samples.length; start += mostTogether) {
      const batch = samples.slice(start, start + mostTogether);
      const texts = batch.map(() => '');
      for (const { stream, piece } of generateTogether(model, {
        ...options,
        prompts: batch.map(({ prompt }) => prompt),
        seed: batch[0].seed,
      })) {
        texts[stream] += piece;
      }
      for (const [i, { seed, prompt }] of batch.entries()) {
        const text = texts[i];
        if (flags.json) process.stdout.write(`${JSON.stringify({ type: 'sample', seed, prompt, text })}\n`);
        else process.stdout.write(`${heading(start + i + 1, prompt)}\n${show(prompt + text)}\n`);
      }
    }
  } finally {
    device.close();
  }
}

/** @throws Failure if the file of prompts cannot be read or has none */
function promptsOf({ prompt = [], prompts }: SampleFlags): readonly string[] {
  const lines = prompts === undefined ? [] : joinTexts(readTextFiles([prompts])).split(/\r?\n/);
  const all = [...prompt, ...lines.filter((line) => line !== '')];
  return all.length > 0 ? all : [''];
}

/** @throws Failure naming the prompt the model cannot read, before anything is written */
function checkPrompts({ tokenizer }: LanguageModel, prompts: readonly string[]): void {
  for (const [i, prompt] of prompts.entries()) {
    try {
      tokenizer.encode(prompt);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new Failure(`prompt ${i + 1} ('${shorten(prompt, 30)}'): ${error.message}`, 1, { cause: error });
    }
  }
}

async function writeAlone(model: LanguageModel, one: Sample, options: GenerateOptions): Promise<void> {
  const pieces = generate(model, { ...options, ...one });
  const begun = pieces.next();
  process.stdout.write(show(one.prompt + (begun.value ?? '')));
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

function heading(number: number, prompt: string): string {
  return shorten(`── ${number}${prompt && ` · ${prompt}`}`, (process.stdout.columns || 80) - 1);
}

/** What a model writes must not steer a terminal; in a file or a pipe it is kept as it is. */
function show(text: string): string {
  return process.stdout.isTTY ? printable(text) : text;
}
