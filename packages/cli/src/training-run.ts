import { DataError, type Device } from 'unrolled';
import {
  LanguageModel,
  type LanguageModelDescription,
  LanguageModelTraining,
  splitText,
} from 'unrolled/tasks/language-model';
import {
  BytePairTokenizer,
  createTokenizer,
  huggingFaceTokenizer,
  type Tokenizer,
  tokenizerFor,
} from 'unrolled/tokenizers';
import type { Checkpoint } from 'unrolled/train';
import { type CellFile, isCellFile, readCellCopy, readCellFile } from './cell-file.ts';
import { Failure } from './failure.ts';
import { checkMemory } from './model-size.ts';
import { openMachine } from './open-device.ts';
import { defaults, type TrainingOptions } from './options.ts';
import { checkSameFiles, modelConfig, newConfig, readConfig } from './run-config.ts';
import type { CheckpointName, RunFolder } from './run-folder.ts';
import { listenerFor, runLoop } from './run-loop.ts';
import { changedOptions, endOf, resolveOptions, validationTokensOf, wereLowered } from './run-options.ts';
import { readTextFiles, type TextFiles } from './text-files.ts';
import { countCharacters, countOf, formatCount, shellWord, Units } from './units.ts';

/** What was said on the command line about a run, besides where it is. */
export interface RunFlags extends Partial<TrainingOptions> {
  json?: boolean;
  threads?: number;
}

/** Begins a run in a folder that is free, and trains to the end or until a signal. Gives the exit code. */
export async function startRun(texts: TextFiles, folder: RunFolder, flags: RunFlags): Promise<number> {
  const listener = listenerFor(flags.json);
  const tokenizer = tokenizerFor(flags.tokens ?? defaults.tokens, texts.text, flags.vocab);
  if (tokenizer.unknown !== null && tokenizer.size === 1) {
    throw new Failure('train: no word comes twice in this text, so none can be learnt; use --tokens char');
  }
  const tokens = tokenizer.encode(texts.text);
  const options = resolveOptions(flags, tokens.length);
  const own = isCellFile(options.cell) ? await readCellFile(options.cell) : null;
  const characters = countCharacters(texts.text);
  const { threads } = flags;
  const device = await openMachine({ threads, blas: options.blas }, (line) => listener.note(line));
  try {
    const task = newTask(device, tokenizer, tokens, options, own);
    folder.open();
    listener.note(describeText(texts, characters, tokens, tokenizer));
    if (wereLowered(options, flags)) {
      listener.note(`The text is short: --batch ${options.batch} --seq ${options.seq}. More text gives better models.`);
    }
    const written = tokenizer instanceof BytePairTokenizer ? huggingFaceTokenizer(tokenizer) : tokenizer.config;
    folder.writeJson('tokenizer.json', written);
    if (own) folder.writeFile(own.copyName, own.bytes);
    return await runLoop(
      task,
      newConfig(options, texts, own),
      folder,
      listener,
      new Units(characters, tokens.length),
      null,
    );
  } finally {
    folder.close();
    device.close();
  }
}

/** Goes on with a run, from its beginning if it ended before its first checkpoint. Gives the exit code. */
export async function resumeRun(
  folder: RunFolder,
  paths: readonly string[],
  from: CheckpointName,
  flags: RunFlags,
): Promise<number> {
  if (!folder.exists) {
    throw new Failure(`${folder.path}: there is no run here; a run's folder has a config.json`);
  }
  const config = readConfig(folder);
  const options = changedOptions(config.options, flags);
  const own = config.cell ? await readCellCopy(folder.path, config.cell) : null;
  const texts = readTextFiles(paths.length > 0 ? paths : config.files.map(({ path }) => path));
  checkSameFiles(config, texts);
  const checkpoint = folder.hasCheckpoint ? folder.readCheckpoint(from) : null;
  const listener = listenerFor(flags.json);
  const tokenizer = checkpoint
    ? tokenizerOf(checkpoint, folder)
    : tokenizerFor(options.tokens, texts.text, options.vocab);
  const tokens = encodeSameText(tokenizer, texts.text);
  const { threads } = flags;
  const device = await openMachine({ threads, blas: options.blas }, (line) => listener.note(line));
  try {
    const task = newTask(device, tokenizer, tokens, options, own);
    const end = endOf(options, task.stepsPerEpoch);
    const { step, secondsElapsed, validationOwed } = checkpoint?.trainer ?? { step: 0, secondsElapsed: 0 };
    if (!validationOwed && (step >= end.steps || secondsElapsed >= end.seconds)) {
      listener.note(
        `${folder.path} is finished, after ${countOf(step, 'step')}; to train on, say until when: ` +
          `npx unrolled train --resume ${shellWord(folder.path)} --steps ${2 * step}`,
      );
      return 0;
    }
    folder.open();
    listener.note(`Going on with ${folder.path} after step ${formatCount(step)}`);
    const units = new Units(countCharacters(texts.text), tokens.length);
    return await runLoop(task, { ...config, options }, folder, listener, units, checkpoint);
  } finally {
    folder.close();
    device.close();
  }
}

function newTask(
  device: Device,
  tokenizer: Tokenizer,
  tokens: Int32Array,
  options: TrainingOptions,
  own: CellFile | null,
): LanguageModelTraining {
  const { batch, seq, seed } = options;
  const stepsPerEpoch = Math.floor((splitText(tokens).train.length - 1) / batch / seq);
  checkMemory(options, tokenizer.size, availableBytes(device));
  const model = new LanguageModel(device, tokenizer, modelConfig(options, own), seed);
  return new LanguageModelTraining(model, tokens, {
    batch,
    steps: seq,
    seed,
    validationTokens: validationTokensOf(options, stepsPerEpoch),
    sampleLength: 300,
  });
}

function tokenizerOf(checkpoint: Checkpoint, folder: RunFolder): Tokenizer {
  const description = checkpoint.model as unknown as LanguageModelDescription | null;
  if (!description?.tokenizer) throw new Failure(`${folder.path}: its checkpoint is not of a language model`);
  return createTokenizer(description.tokenizer);
}

/** A character the run never saw shows that the text is another one. */
function encodeSameText(tokenizer: Tokenizer, text: string): Int32Array {
  try {
    return tokenizer.encode(text);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new Failure('resume: the text is not the one this run was trained on; give the same files', 1, {
      cause: error,
    });
  }
}

/** `12,345 characters from 2 files, 65 different characters; 1 file that is not text left out` */
function describeText(
  { files, skipped }: TextFiles,
  characters: number,
  tokens: Int32Array,
  tokenizer: Tokenizer,
): string {
  const left =
    skipped === 0 ? '' : `; ${countOf(skipped, 'file')} that ${skipped === 1 ? 'is' : 'are'} not text left out`;
  return `${countOf(characters, 'character')} from ${countOf(files.length, 'file')}, ${describeTokens(tokens, tokenizer)}${left}`;
}

/** `65 different characters`, `120 different words in 9,000; 1.5% are unknown (131)` */
function describeTokens(tokens: Int32Array, { kind, size, unknown }: Tokenizer): string {
  if (kind === 'char') return countOf(size, 'different character');
  if (kind === 'bpe') return `${countOf(tokens.length, 'token')}, ${formatCount(size)} different ones`;
  const missing = tokens.reduce((count, id) => count + Number(id === unknown), 0);
  const share = ((100 * missing) / tokens.length).toFixed(1);
  return `${countOf(size, 'different word')} in ${formatCount(tokens.length)}; ${share}% are unknown (${formatCount(missing)})`;
}

/** What a device may hold: its own limit, or what the machine has left. */
function availableBytes(device: Device): number {
  return Math.min(device.memory().limitBytes, process.availableMemory());
}
