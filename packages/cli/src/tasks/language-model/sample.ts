import { randomInt } from 'node:crypto';
import { Option } from 'commander';
import { DataError } from 'unrolled';
import type { TypesOf } from 'unrolled/tasks';
import { type GenerateOptions, generateTogether, type LanguageModel } from 'unrolled/tasks/language-model';
import { breathe } from 'unrolled/train';
import { Failure } from '../../failure.ts';
import { linesOfFile } from '../../input/lines.ts';
import { notNegative, number, option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { printable, shorten } from '../../output/text.ts';
import type { Item, PredictPart } from '../task-commands.ts';

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

/** One text to generate. */
interface Sample extends Item<string> {
  readonly seed: number;
  /** From 1; null if it is the only one. */
  readonly number: number | null;
}

/** The most samples generated together, which bounds the memory. */
const mostTogether = 64;

/** `unrolled sample`: text is printed while it is generated. */
export const sample: PredictPart<TypesOf<'language-model'>, SampleFlags, Sample> = {
  name: 'sample',
  description: 'generate text with a trained language model',
  options: () => [
    new Option('--prompt <text>', 'text to continue; may be repeated').argParser((text, before: string[] = []) => [
      ...before,
      text,
    ]),
    new Option('--prompts <file>', 'file of prompts, one per line'),
    option('--length <n>', 'tokens to generate', whole(0)).default(500),
    option('--temperature <t>', 'sampling temperature; 0: always the most likely token', notNegative).default(0.8),
    option('--top-k <k>', 'sample from the k most likely tokens, 0: all', whole(0)).default(0),
    option(
      '--top-p <p>',
      'sample from the most likely tokens with total probability p (nucleus sampling)',
      number((value) => value > 0 && value <= 1, 'above 0, at most 1'),
    ).default(1),
    option('--seed <n>', 'random seed (default: random)', whole(0, 2 ** 32 - 1)),
    new Option('--stop <text>', 'stop after this text'),
    option('--count <n>', 'samples per prompt', whole(1)).default(1),
  ],
  help: `
Examples:
  unrolled sample runs/shakespeare --prompt "ROMEO:" --length 500 --temperature 0.8
  unrolled sample runs/shakespeare --top-k 5 --seed 7 --count 3
  unrolled sample runs/shakespeare --prompt "ROMEO:" --prompt "JULIET:" --json`,
  async *items({ model }, { flags }) {
    const first = flags.seed ?? randomInt(2 ** 32);
    const prompts = promptsOf(flags);
    if (prompts.length > 1) checkPrompts(model, prompts);
    const all = prompts.flatMap((prompt) => Array.from({ length: flags.count }, () => prompt));
    const samples = all.map(
      (text, i): Sample => ({
        ...{ text, input: text, seed: first + i, number: all.length === 1 ? null : i + 1 },
      }),
    );
    for (let start = 0; start < samples.length; start += mostTogether) {
      yield samples.slice(start, start + mostTogether);
    }
  },
  begin({ model }, { length, temperature, topK, topP, stop, json }) {
    const output = new PacedOutput();
    const frameOf = (one: Sample): Frame => {
      if (json) return jsonFrame(one);
      const title = one.number === null ? '' : `${heading(one.number, one.text)}\n`;
      return { head: `${title}${show(one.text)}`, piece: show, tail: '\n' };
    };
    return {
      write: (samples) => writeBatch(model, samples, { length, temperature, topK, topP, stop }, output, frameOf),
      end: () => output.end(),
    };
  },
};

/** @throws Failure if the file of prompts cannot be read */
function promptsOf({ prompt = [], prompts }: SampleFlags): readonly string[] {
  const lines = prompts === undefined ? [] : linesOfFile(prompts);
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
function jsonFrame({ seed, text: prompt }: Sample): Frame {
  const whole = JSON.stringify({ type: 'sample', seed, prompt, text: '' });
  return { head: whole.slice(0, -2), piece: (text) => JSON.stringify(text).slice(1, -1), tail: '"}\n' };
}

/** Generates samples together; the first is written while it grows, the others follow in their order. */
async function writeBatch(
  model: LanguageModel,
  batch: readonly Sample[],
  options: GenerateOptions,
  output: PacedOutput,
  frameOf: (one: Sample) => Frame,
): Promise<void> {
  const frames = batch.map((one) => frameOf(one));
  const waiting = batch.map((): string[] => []);
  const prompts = batch.map(({ text }) => text);
  const pieces = generateTogether(model, { ...options, prompts, seed: batch[0].seed });
  let next = await pieces.next();
  output.add(frames[0].head);
  for (; !next.done; next = await pieces.next()) {
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
