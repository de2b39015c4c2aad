import { type Kinds, requireOptions } from '../checks.ts';
import type { Bytes } from '../io/bytes.ts';
import type { DefinedCell } from '../nn/cells/define.ts';
import type { Parameters } from '../nn/parameters.ts';
import { listOf, parseWith, type Schema } from '../schema.ts';
import type { StopSignal } from '../signal.ts';
import type { Device } from '../tensor/device.ts';
import type { ModelSource } from '../train/stored-model.ts';

/** What every model has, whatever its task. */
export interface AnyModel {
  readonly device: Device;
  readonly parameters: Parameters;
  /** Sizes and kinds of its layers: plain data. */
  readonly config: object;
}

/** The types of a task. All but the model are plain data, as JSON has it. */
export interface TaskTypes {
  readonly model: AnyModel;
  /** What it predicts from, and how. */
  readonly input: unknown;
  readonly options: object;
  /** What it predicts: one for each input. */
  readonly answer: unknown;
  /** What it is evaluated on, how, and the scores. */
  readonly data: unknown;
  readonly evaluate: object;
  readonly evaluation: unknown;
  /** How a prediction is explained, and the explanation; `never` where there is none. */
  readonly explain: object;
  readonly explanation: unknown;
}

/**
 * What models of one task do, in the same terms for every task: programs that offer all of them (the command, the studio, a
 * server) need to know none. Training is `xTraining(model, data, options)` of each task.
 *
 * @example
 * const task = await loadTask('classify');
 * const model = task.open(device, bytes);
 * const [{ label }] = await task.predict(model, ['what a lovely film']);
 */
export interface Task<T extends TaskTypes = TaskTypes> {
  /** As in files and in `unrolled <name> predict`. */
  readonly name: string;
  /**
   * Opens an exported model or a checkpoint.
   * @param cell  the cell, if it is one of your own: a file has only its name
   * @throws FormatError if the file is damaged or of another task
   */
  open(device: Device, source: ModelSource, cell?: DefinedCell): T['model'];
  /** What one has to know of a model to use it, such as its labels: plain data. */
  about(model: T['model']): Readonly<Record<string, unknown>>;
  /** Reads one input from JSON. */
  readonly input: Schema<T['input']>;
  /** Kinds of the options of `predict`. */
  readonly options: Kinds<T['options']>;
  /** One answer for each input; answers do not depend on what else is predicted with them. */
  predict(model: T['model'], inputs: readonly T['input'][], options?: T['options']): Promise<readonly T['answer'][]>;
  /** @throws DataError if there is nothing to evaluate on; the signal's reason if it is aborted */
  evaluate(
    model: T['model'],
    data: T['data'],
    options?: T['evaluate'] & { readonly signal?: StopSignal | undefined },
  ): Promise<T['evaluation']>;
  /** The network as an ONNX file, where it has one. @throws ConfigError naming what ONNX cannot hold */
  toOnnx?(model: T['model']): Promise<Bytes>;
  /** Why it predicts what it does, where a task can say so. */
  readonly explain?: {
    readonly options: Kinds<T['explain']>;
    explain(model: T['model'], input: T['input'], options?: T['explain']): Promise<T['explanation']>;
  };
}

/**
 * Reads one input from JSON.
 * @param place  where it stands, for the error: 'line 3'
 * @throws DataError naming the place if it is none
 */
export const parseInput = <T extends TaskTypes>(task: Task<T>, value: unknown, place: string): T['input'] =>
  parseWith(task.input, value, place);

/** A model of any task, which takes and gives JSON. */
export interface OpenModel {
  readonly task: string;
  readonly model: AnyModel;
  readonly about: Readonly<Record<string, unknown>>;
  /**
   * @param inputs  a list of inputs
   * @throws DataError naming the input that is none; ConfigError on an unknown option or a value out of range
   */
  predict(inputs: unknown, options?: unknown): Promise<readonly unknown[]>;
  /** Null where the task, or a model of this kind, explains nothing. @throws as `predict` */
  explain(input: unknown, options?: unknown): Promise<unknown>;
}

/** Opens a model whose task is not known before. @throws FormatError as `Task.open` */
export function openModel<T extends TaskTypes>(
  task: Task<T>,
  device: Device,
  source: ModelSource,
  cell?: DefinedCell,
): OpenModel {
  return openedModel(task, task.open(device, source, cell));
}

/** The same of a model that is there. */
export function openedModel<T extends TaskTypes>(task: Task<T>, model: T['model']): OpenModel {
  const inputs: Schema<readonly T['input'][]> = listOf(task.input);
  return {
    task: task.name,
    model,
    about: task.about(model),
    async predict(given, options = {}) {
      requireOptions(task.name, options as T['options'], task.options);
      return task.predict(model, parseWith(inputs, given, 'inputs'), options as T['options']);
    },
    async explain(given, options = {}) {
      if (!task.explain) return null;
      requireOptions(task.name, options as T['explain'], task.explain.options);
      return task.explain.explain(model, parseInput(task, given, 'input'), options as T['explain']);
    },
  };
}
