import type { Option } from 'commander';
import type { Device } from 'unrolled';
import type { Checkpoint, Json, TrainingTask } from 'unrolled/train';
import type { CellFile } from './cell-file.ts';
import type { CommonOptions } from './options.ts';
import type { Units } from './run-events.ts';
import type { TextFiles } from './text-files.ts';

/** The files a run learns from. */
export interface Sources {
  /** Those that were named as arguments. */
  readonly main: TextFiles;
  /** Those that options name, by option. */
  readonly named: Readonly<Record<string, TextFiles>>;
}

/** What config.json may hold of an option. */
export type OptionType = 'number' | 'boolean' | 'string';

/**
 * Something the command can train. Run folder, events, signals, going on and errors are the same for all; a task says which
 * options it has, and what it makes of its files.
 */
export interface Trainable<Options extends CommonOptions = CommonOptions> {
  /** In config.json. */
  readonly task: string;
  /** What is typed after `unrolled`: `train`, `classify train`. */
  readonly command: string;
  readonly description: string;
  /** What the arguments name, and what is missing without them. */
  readonly argument: string;
  readonly missing: string;
  /** Printed below the options. */
  readonly help: string;
  /** Options that always have a value, and so are always in config.json. */
  readonly defaults: Options;
  /** Others that decide what is learnt, kept where they were said. */
  readonly optional: Readonly<Record<string, OptionType>>;
  /** Options whose value names a file, which is read with the others. */
  readonly fileOptions: readonly string[];
  /** Its own options; those of every training come after them. */
  options(): Option[];
  /** Times through the data, and the least steps, where no end was said. */
  readonly end: { readonly epochs: number; readonly steps: number };
  /** Steps from one validation, sample and checkpoint to the next where nothing was said. */
  interval(stepsPerEpoch: number): number;
  /**
   * Reads the files as what the task learns from.
   * @param options  what was said, or all of a run's where it goes on
   * @param checkpoint  where a run goes on from, if it got as far
   * @param cell  the cell, where it comes from a file
   * @throws Failure, DataError or FormatError naming the file, and the line where there is one
   */
  prepare(
    sources: Sources,
    options: Partial<Options>,
    checkpoint: Checkpoint | null,
    cell: CellFile | null,
  ): Prepared<Options> | Promise<Prepared<Options>>;
}

/** A training that is ready to begin. */
export interface Prepared<Options extends CommonOptions = CommonOptions> {
  /** With a value for each that has a default. */
  readonly options: Options;
  /** What was read, in sentences for a person. */
  readonly about: readonly string[];
  /** The model's configuration, for config.json. */
  readonly model: Json;
  /** Inputs to try the model on, of its validation data; for config.json, from which the studio offers them. */
  readonly examples?: Json | undefined;
  /** Further files of the run's folder, such as its tokenizer, as JSON. */
  readonly files: Readonly<Record<string, unknown>>;
  readonly units: Units;
  /** Numbers a step reads and writes for each parameter, about: says how often progress is worth a line. */
  readonly itemsPerStep: number;
  /** @throws MemoryError if it does not fit */
  begin(device: Device): TrainingTask;
  /** What to do with the model, when it is trained: `Write with it: npx unrolled sample runs/my`. */
  next(run: string): string;
}
