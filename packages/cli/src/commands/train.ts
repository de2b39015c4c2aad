import { existsSync } from 'node:fs';
import { basename, extname, join, relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { type Device, openDevice } from 'unrolled';
import {
  createTokenizer,
  LanguageModel,
  type LanguageModelDescription,
  LanguageModelTraining,
  splitText,
  type Tokenizer,
  tokenizerFor,
} from 'unrolled/tasks/language-model';
import { type Checkpoint, train } from 'unrolled/train';
import { Failure } from '../failure.ts';
import { JsonListener } from '../listeners/json.ts';
import { LineListener } from '../listeners/lines.ts';
import type { Listener } from '../listeners/listener.ts';
import { TerminalListener } from '../listeners/terminal.ts';
import { changeable, defaults, type TrainingOptions, threadsOption, trainingOptions } from '../options.ts';
import { toRunEvent } from '../run-events.ts';
import { type CheckpointName, RunFolder } from '../run-folder.ts';
import { stopOnSignal } from '../signals.ts';
import { readTextFiles, type TextFiles } from '../text-files.ts';
import { countCharacters, formatCount, Units } from '../units.ts';
import { version } from '../version.ts';
import { checkMemory } from './model-size.ts';

/** What config.json holds. */
interface RunConfig {
  readonly unrolled: string;
  readonly options: TrainingOptions;
  readonly files: TextFiles['files'];
  readonly model: LanguageModelDescription['config'];
}

interface Flags extends Partial<TrainingOptions> {
  out?: string;
  resume?: string;
  checkpoint: 'latest' | 'previous' | 'best';
  json?: boolean;
  threads?: number;
}

export function trainCommand(): Command {
  const command = new Command('train')
    .description('train a language model on text files, or folders with text files')
    .argument('[texts...]', 'text files and folders')
    .option('--out <folder>', 'where to keep the run (default: runs/<name of the text>)')
    .option('--resume <folder>', 'go on with a run that was interrupted')
    .addOption(
      new Option('--checkpoint <name>', 'with --resume: from which checkpoint')
        .choices(['latest', 'previous', 'best'])
        .default('latest'),
    )
    .option('--json', 'print one JSON object per event')
    .addOption(threadsOption());
  for (const option of trainingOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled train shakespeare.txt
  unrolled train src --cell gru --hidden 128 --seconds 300
  unrolled train --resume runs/shakespeare

The first 90% of the text train, the last 10% validate. Ctrl-C ends after the step that is under way, with a checkpoint.`,
    )
    .action(async (texts: string[], flags: Flags) => {
      process.exitCode = await (flags.resume === undefined ? trainAnew(texts, flags) : resume(texts, flags));
    });
}

async function trainAnew(paths: readonly string[], flags: Flags): Promise<number> {
  if (paths.length === 0) {
    throw new Failure('train: no text given; name a file or folder, or --resume a run', 2);
  }
  const texts = readTextFiles(paths);
  const folder = new RunFolder(flags.out ?? join('runs', runName(paths[0])));
  if (folder.exists) {
    throw new Failure(`${folder.path}: this run exists; go on with --resume ${folder.path}, or choose another --out`);
  }
  return startRun(texts, folder, flags);
}

/** Begins a run in a folder that is free, and trains to the end or until a signal. Gives the exit code. */
export async function startRun(texts: TextFiles, folder: RunFolder, flags: Omit<Flags, 'checkpoint'>): Promise<number> {
  const listener = listenerFor(flags.json);
  const tokenizer = tokenizerFor(flags.tokens ?? defaults.tokens, texts.text);
  const tokens = tokenizer.encode(texts.text);
  const options = resolveOptions(flags, tokens.length);
  const characters = countCharacters(texts.text);
  listener.note(
    `${formatCount(characters)} characters from ${texts.files.length} file${texts.files.length === 1 ? '' : 's'}` +
      `, ${formatCount(tokenizer.size)} different ${options.tokens === 'char' ? 'characters' : 'words'}` +
      (texts.skipped > 0 ? `; ${texts.skipped} that are not text left out` : ''),
  );
  if (options.batch !== (flags.batch ?? defaults.batch) || options.seq !== (flags.seq ?? defaults.seq)) {
    listener.note(`The text is short: --batch ${options.batch} --seq ${options.seq}. More text gives better models.`);
  }
  const device = await openDevice('wasm', { threads: flags.threads });
  try {
    const { cell, hidden, layers, embedding, dropout } = options;
    const config = { cell, hidden, layers, embedding, dropout };
    checkMemory(options, tokenizer.size, availableBytes(device));
    const model = new LanguageModel(device, tokenizer, config, options.seed);
    const task = newTask(model, tokens, options);
    folder.create();
    const files = texts.files.map(({ path, bytes }) => ({ path: resolve(path), bytes }));
    folder.writeJson('tokenizer.json', tokenizer.config);
    folder.writeJson('config.json', { unrolled: version, options, files, model: config } satisfies RunConfig);
    return await run(task, options, folder, listener, new Units(characters, tokens.length), null);
  } finally {
    device.close();
  }
}

async function resume(paths: readonly string[], flags: Flags): Promise<number> {
  const folder = new RunFolder(flags.resume!);
  if (!folder.exists) {
    throw new Failure(`${folder.path}: there is no run here; a run's folder has a config.json`);
  }
  const config = folder.readJson('config.json') as RunConfig;
  if (!config?.options || !Array.isArray(config.files)) {
    throw new Failure(`${join(folder.path, 'config.json')}: it does not describe a run; restore it, or train anew`);
  }
  const options = changedOptions(config.options, flags);
  const texts = readTextFiles(paths.length > 0 ? paths : config.files.map(({ path }) => path));
  const checkpoint = folder.readCheckpoint(flags.checkpoint as CheckpointName);
  const listener = listenerFor(flags.json);
  const tokenizer: Tokenizer = createTokenizer((checkpoint.model as unknown as LanguageModelDescription).tokenizer);
  const tokens = tokenizer.encode(texts.text);
  const device = await openDevice('wasm', { threads: flags.threads });
  try {
    checkMemory(options, tokenizer.size, availableBytes(device));
    const model = new LanguageModel(device, tokenizer, config.model, options.seed);
    const task = newTask(model, tokens, options);
    const end = endOf(options, task.stepsPerEpoch);
    const { step, secondsElapsed } = checkpoint.trainer;
    if (step >= end.steps || secondsElapsed >= end.seconds) {
      listener.note(
        `${folder.path} is finished, after ${formatCount(step)} steps; to train on, say until when: ` +
          `unrolled train --resume ${folder.path} --steps ${2 * step}`,
      );
      return 0;
    }
    folder.writeJson('config.json', { ...config, options } satisfies RunConfig);
    folder.rewindLog(step);
    listener.note(`Going on with ${folder.path} after step ${formatCount(step)}`);
    const units = new Units(countCharacters(texts.text), tokens.length);
    return await run(task, options, folder, listener, units, checkpoint);
  } finally {
    device.close();
  }
}

async function run(
  task: LanguageModelTraining,
  options: TrainingOptions,
  folder: RunFolder,
  listener: Listener,
  units: Units,
  resumed: Checkpoint | null,
): Promise<number> {
  const stop = stopOnSignal((text) => listener.note(text));
  const end = endOf(options, task.stepsPerEpoch);
  const every = Math.min(1000, Math.max(100, Math.round(task.stepsPerEpoch / 2)));
  const events = train(task, {
    optimizer: { method: options.optimizer, weightDecay: options.weightDecay },
    learningRate: options.lr,
    schedule: options.schedule,
    clipNorm: options.clipNorm,
    clipValue: options.clipValue,
    seed: options.seed,
    steps: Number.isFinite(end.steps) ? end.steps : undefined,
    seconds: Number.isFinite(end.seconds) ? end.seconds : undefined,
    validateEvery: options.validateEvery ?? every,
    sampleEvery: options.sampleEvery ?? every,
    checkpointEvery: every,
    resume: resumed,
    signal: stop.signal,
  });
  try {
    for await (const event of events) {
      let path = '';
      if (event.type === 'checkpoint') {
        path = folder.writeCheckpoint(event.best ? 'best' : 'latest', event.checkpoint);
      }
      const seen = toRunEvent(event, units, folder.path, path);
      folder.log(seen);
      if (seen.type === 'sample') folder.writeSample(seen.step, seen.text);
      listener.on(seen);
    }
  } finally {
    listener.end();
    stop.release();
  }
  if (stop.signal.aborted) {
    listener.note(`Go on with: npx unrolled train --resume ${folder.path}`);
    return stop.exitCode;
  }
  listener.note(`Write with it: npx unrolled sample ${folder.path}`);
  return 0;
}

function newTask(model: LanguageModel, tokens: Int32Array, options: TrainingOptions): LanguageModelTraining {
  const { batch, seq, seed } = options;
  return new LanguageModelTraining(model, tokens, { batch, steps: seq, seed, sampleLength: 300 });
}

/** When a run ends: what was said, or 20 epochs and at least 1,000 steps. */
function endOf({ steps, epochs, seconds }: TrainingOptions, stepsPerEpoch: number): { steps: number; seconds: number } {
  const said = steps !== undefined || epochs !== undefined || seconds !== undefined;
  const byEpochs = epochs === undefined ? Infinity : Math.ceil(epochs * stepsPerEpoch);
  return {
    steps: said ? Math.min(steps ?? Infinity, byEpochs) : Math.max(1000, 20 * stepsPerEpoch),
    seconds: seconds ?? Infinity,
  };
}

/** Defaults where nothing was said; a text too short for the default batch gets a smaller one. */
function resolveOptions(flags: Partial<TrainingOptions>, tokenCount: number): TrainingOptions {
  const names = [...Object.keys(defaults), ...changeable] as (keyof TrainingOptions)[];
  const options = Object.fromEntries(
    names
      .map((name) => [name, flags[name] ?? (defaults as Partial<TrainingOptions>)[name]])
      .filter(([, v]) => v !== undefined),
  ) as unknown as TrainingOptions;
  const length = splitText(new Int32Array(tokenCount)).train.length;
  // Four chunks in each row are the least that make carrying a state worth anything.
  if (flags.batch === undefined) {
    options.batch = Math.max(1, Math.min(options.batch, Math.floor(length / (4 * options.seq))));
  }
  if (flags.seq === undefined)
    options.seq = Math.max(1, Math.min(options.seq, Math.floor((length - 1) / options.batch)));
  return options;
}

/** @throws Failure naming the first option that cannot be changed in a run that goes on */
function changedOptions(options: TrainingOptions, flags: Partial<TrainingOptions>): TrainingOptions {
  for (const [name, value] of Object.entries(flags)) {
    const fixed = Object.hasOwn(defaults, name) && options[name as keyof TrainingOptions] !== value;
    if (fixed) {
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      throw new Failure(
        `${flag} ${value}: this run was begun with ${options[name as keyof TrainingOptions]} and goes on with it; ` +
          'leave the option out, or train anew with --out',
        2,
      );
    }
  }
  const said = Object.fromEntries(
    changeable.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
  );
  const newEnd = 'steps' in said || 'epochs' in said || 'seconds' in said;
  const { steps, epochs, seconds, ...rest } = options;
  return newEnd ? { ...rest, ...said } : { ...options, ...said };
}

function listenerFor(json: boolean | undefined): Listener {
  if (json) return new JsonListener();
  return process.stdout.isTTY ? new TerminalListener() : new LineListener();
}

/** What a device may hold: its own limit, or what the machine has left. */
function availableBytes(device: Device): number {
  return Math.min(device.memory().limitBytes, process.availableMemory());
}

/** The name of a text, for its run: `texts/hamlet.txt` → `hamlet`. */
function runName(path: string): string {
  const absolute = resolve(path);
  return basename(absolute, existsSync(path) ? extname(absolute) : '') || basename(relative('/', absolute)) || 'run';
}
