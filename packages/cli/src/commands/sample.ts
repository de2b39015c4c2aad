import { randomInt } from 'node:crypto';
import { Command, Option } from 'commander';
import { DataError } from 'unrolled';
import { type GenerateOptions, generateTogether, LanguageModel } from 'unrolled/tasks/language-model';
import { breathe } from 'unrolled/train';
import { Failure } from '../failure.ts';
import { joinTexts, readTextFiles } from '../input/text-files.ts';
import { number, type UseFlags, useOptions, whole } from '../options/options.ts';
import { printable, shorten } from '../output/text.ts';
import { loadRun } from '../run/load.ts';
import { openMachine, toStandardError } from '../run/open-device.ts';

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

/** One text to generate. */
interface Sample {
  readonly prompt: string;
  readonly seed: number;
}

/** The most samples generated together, which bounds the memory. */
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
    if (prompts.length > 1) checkPrompts(model, prompts);
    const options = { length, temperature, topK, topP, stop };
    const output = new PacedOutput();
    for (let start = 0; start < samples.length; start += mostTogether) {
      await writeBatch(model, samples.slice(start, start + mostTogether), options, output, (one, i) => {
        if (flags.json) return jsonFrame(one);
        const title = alone ? '' : `${heading(start + i + 1, one.prompt)}\n`;
        return { head: `${title}${show(one.prompt)}`, piece: show, tail: '\n' };
      });
    }
    await output.end();
  } finally {
    device.close();
  }
}

/** @throws Failure if the file of prompts cannot be read */
function promptsOf({ prompt = [], prompts }: SampleFlags): readonly string[] {
  const lines = prompts === undefined ? [] : joinTexts(readTextFiles([prompts])).split(/\r?\n/);
  const all = [...prompt, ...lines.filter((line) => line !== '')];
  return all.length > 0 ? all : [''];
}

/** @throws Failure naming the prompt that the model cannot read, before anything is written */
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

/** What stands around a sample and how its pieces are written. */
interface Frame {
  readonly head: string;
  readonly piece: (text: string) => string;
  readonly tail: string;
}

/** A JSON object in one line, whose text is written as it is generated. */
function jsonFrame({ seed, prompt }: Sample): Frame {
  const whole = JSON.stringify({ type: 'sample', seed, prompt, text: '' });
  return { head: whole.slice(0, -2), piece: (text) => JSON.stringify(text).slice(1, -1), tail: '"}\n' };
}

/** Generates samples together; the first is written while it grows, the others follow in their order. */
async function writeBatch(
  model: LanguageModel,
  batch: readonly Sample[],
  options: GenerateOptions,
  output: PacedOutput,
  frameOf: (one: Sample, i: number) => Frame,
): Promise<void> {
  const frames = batch.map(frameOf);
  const waiting = batch.map((): string[] => []);
  const prompts = batch.map(({ prompt }) => prompt);
  const pieces = generateTogether(model, { ...options, prompts, seed: batch[0].seed });
  let next = pieces.next();
  output.add(frames[0].head);
  for (; !next.done; next = pieces.next()) {
    const { stream, piece } = next.value;
    if (stream === 0) output.add(frames[0].piece(piece));
    else waiting[stream].push(piece);
    await output.pace();
  }
  output.add(frames[0].tail);
  for (let i = 1; i < batch.length; i++) {
    const { head, piece, tail } = frames[i];
    output.add(`${head}${piece(waiting[i].join(''))}${tail}`);
    waiting[i] = [];
    await output.pace();
  }
}

/** Standard output in pieces of some milliseconds; between them the program hears signals, and that nobody reads any more. */
class PacedOutput {
  #waiting = '';
  #last = Number.NEGATIVE_INFINITY;

  add(text: string): void {
    this.#waiting += text;
  }

  async pace(): Promise<void> {
    if (performance.now() - this.#last < 20) return;
    await this.end();
    this.#last = performance.now();
  }

  async end(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = '';
    if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    await breathe();
  }
}

function heading(number: number, prompt: string): string {
  return shorten(`── ${number}${prompt && ` · ${prompt}`}`, (process.stdout.columns || 80) - 1);
}

/** Without control characters on a terminal; unchanged in a file or a pipe. */
function show(text: string): string {
  return process.stdout.isTTY ? printable(text) : text;
}
