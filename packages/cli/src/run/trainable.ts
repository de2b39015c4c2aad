import type { Option } from 'commander';
import type { Device } from 'unrolled';
import type { Checkpoint, Json, TrainingTask } from 'unrolled/train';
import type { CellFile } from '../cells/cell-file.ts';
import type { SourceFiles } from '../input/source-files.ts';
import type { TextFiles } from '../input/text-files.ts';
import type { OptimizerOptions, OptionType, TrainOptions } from '../options/train.ts';
import type { Units } from './events.ts';

/** The files a run is trained on. */
export interface Sources<Files extends SourceFiles = SourceFiles> {
  /** Those given as arguments. */
  readonly main: Files;
  /** Those given as options, by option. */
  readonly named: Readonly<Record<string, Files>>;
}

/**
 * A task that the command can train. Run folder, events, signals, resuming and errors are shared; a task defines its options
 * and how its files are read.
 */
export interface Trainable<Options extends TrainOptions = TrainOptions, Files extends SourceFiles = TextFiles> {
  /** Its name in config.json. */
  readonly task: string;
  /** What is typed after `unrolled`: `train`, `classify train`. */
  readonly command: string;
  /** What it learns from, for messages: 'texts'. */
  readonly inputs: string;
  readonly description: string;
  /** Whether these files are for this task, where a command has several; the first is for what none recognises. */
  recognises?(paths: readonly string[]): boolean | Promise<boolean>;
  /** Description of the arguments, and the error without them. */
  readonly argument: string;
  readonly missing: string;
  /** Printed below the options. */
  readonly help: string;
  /** Options with a default, which are always in config.json. */
  readonly defaults: Options;
  /** Defaults of `lasting` options, of new runs alone: those of earlier versions are resumed without them. */
  readonly newDefaults?: Partial<OptimizerOptions>;
  /** Other options that change the model, stored if they were given. */
  readonly optional: Readonly<Record<string, OptionType>>;
  /** Options whose value is a file to read. */
  readonly fileOptions: readonly string[];
  /** Its own options, with `recurrentOptions` if it has such layers; those of every run are added. */
  options(): Option[];
  /** Finds and hashes its files: `readTextFiles`, or `binaryFiles` where they are no texts or may be large. */
  read(paths: readonly string[]): Files | Promise<Files>;
  /** Default end: epochs, but at least so many steps. */
  readonly end: { readonly epochs: number; readonly steps: number };
  /** Default steps between validations, samples and checkpoints. */
  interval(stepsPerEpoch: number): number;
  /**
   * Makes training data of the files.
   * @param options  those that were given; of a resumed run, all
   * @param checkpoint  of a resumed run, if it has one
   * @param cell  the cell, if the task has the option and it comes from a file
   * @throws Failure, DataError or FormatError naming the file, and the line where there is one
   */
  prepare(
    sources: Sources<Files>,
    options: Partial<Options>,
    checkpoint: Checkpoint | null,
    cell: CellFile | null,
  ): Prepared<Options> | Promise<Prepared<Options>>;
}

/** A training run that is ready to start. */
export interface Prepared<Options extends TrainOptions = TrainOptions> {
  /** With defaults. */
  readonly options: Options;
  /** Lines to print about the data. */
  readonly about: readonly string[];
  /** The model's configuration, for config.json. */
  readonly model: object;
  /** Inputs to try the model on, of its validation data; for config.json, from which the studio offers them. */
  readonly examples?: Json | undefined;
  /** Further JSON files for the run folder, such as its tokenizer. */
  readonly files: Readonly<Record<string, unknown>>;
  readonly units: Units;
  /** Factors of the learning rate by the beginning of a parameter's name. Default: 1 for all. */
  readonly rates?: Readonly<Record<string, number>> | undefined;
  /** Items per step, for the interval between progress lines. */
  readonly itemsPerStep: number;
  /**
   * @param note  prints a line, such as progress of long preparations
   * @param run  its folder, which may not exist yet
   * @throws MemoryError if it does not fit
   */
  begin(device: Device, note: (line: string) => void, run: string): TrainingTask | Promise<TrainingTask>;
  /** The next command to try: `Generate text: npx unrolled sample runs/my`. */
  next(run: string): string;
}
