import type { Option } from 'commander';
import type { Task, TaskTypes } from 'unrolled/tasks';
import type { SourceFiles } from '../input/source-files.ts';
import type { TrainOptions } from '../options/train.ts';
import type { UseFlags } from '../options/use.ts';
import type { Trainable } from '../run/trainable.ts';

/** A trained model, as `predict` and `eval` use it. */
export interface Used<T extends TaskTypes> {
  readonly task: Task<T>;
  readonly model: T['model'];
  /** The run folder or file it is from. */
  readonly run: string;
}

/** What is predicted from: a line of the input, an argument or a file. */
export interface Item<Input = unknown> {
  /** As it was given. */
  readonly text: string;
  /** Null for a blank line, which stays one. */
  readonly input: Input | null;
}

/** Name and description of a command's arguments: `[texts...]`, 'the texts'. */
export interface Argument {
  readonly name: string;
  readonly description: string;
}

interface Described {
  readonly description: string;
  /** Its own options, before those of every such command. */
  options(): Option[];
  /** Printed below the options. */
  readonly help: string;
}

/** Where the items of `predict` come from. */
export interface Given<Flags> {
  /** The arguments after the run. */
  readonly texts: readonly string[];
  readonly flags: Flags;
}

/** How the answers of one call are printed. */
export interface Printing<T extends TaskTypes, One> {
  /** Of the task's `predict`. */
  readonly options?: T['options'];
  /** Of the task's `explain`, for an answer. Missing: no explanation is asked for. */
  explain?(answer: T['answer']): T['explain'];
  /** For people, with line breaks. The answer to a blank line is null. */
  text(item: One, answer: T['answer'] | null, explanation: T['explanation'] | null): string;
  /** One object, on a line. */
  json(item: One, answer: T['answer'] | null, explanation: T['explanation'] | null): object;
  /** After the last item. */
  end?(): void;
}

/** Predicts and prints by itself, such as text that is printed while it is generated. */
export interface Writing<One> {
  write(items: readonly One[]): Promise<void>;
  end?(): Promise<void>;
}

/** What a task adds to the command `predict`. */
export interface PredictPart<T extends TaskTypes, Flags extends UseFlags, One extends Item<T['input']>>
  extends Described {
  /** Default: 'predict'. */
  readonly name?: string;
  /** What follows the run. */
  readonly argument?: Argument;
  /** Flags that go only without arguments. */
  readonly instead?: readonly (keyof Flags & string)[];
  /** In batches: a batch is printed before the next one is read. */
  items(used: Used<T>, given: Given<Flags>): AsyncIterable<readonly One[]>;
  begin(used: Used<T>, flags: Flags): Printing<T, One> | Writing<One>;
}

/** What a task adds to the command `eval`. */
export interface EvaluatePart<T extends TaskTypes, Flags extends UseFlags, Read extends Evaluated<T>>
  extends Described {
  readonly argument: Argument;
  /** @throws Failure or DataError naming the file, and the line that is wrong */
  read(used: Used<T>, paths: readonly string[], flags: Flags): Promise<Read>;
  /** The result for programs, besides its type and task, and for people. */
  report(found: T['evaluation'], read: Read, used: Used<T>, flags: Flags): Report | Promise<Report>;
}

/** A further command that a task has, which uses a trained model: `unrolled <task> <name> <run> …`. */
export interface FurtherPart<T extends TaskTypes, Flags extends UseFlags> extends Described {
  readonly name: string;
  readonly argument: Argument;
  /** @returns the result for programs, besides its type, and for people */
  use(used: Used<T>, paths: readonly string[], flags: Flags): Promise<Report>;
}

/** What a model is evaluated on, and how. */
export interface Evaluated<T extends TaskTypes> {
  readonly data: T['data'];
  readonly options?: T['evaluate'];
}

export interface Report {
  readonly json: object;
  /** With a line break at its end. */
  readonly text: string;
}

/** What the command adds to a task of the library: options and files, and how answers are printed. */
export interface TaskCommands<
  T extends TaskTypes,
  Options extends TrainOptions,
  Files extends SourceFiles,
  PredictFlags extends UseFlags,
  One extends Item<T['input']>,
  EvaluateFlags extends UseFlags,
  Read extends Evaluated<T>,
> {
  load(): Promise<Task<T>>;
  readonly train: Trainable<Options, Files>;
  readonly predict: PredictPart<T, PredictFlags, One>;
  readonly evaluate: EvaluatePart<T, EvaluateFlags, Read>;
}
