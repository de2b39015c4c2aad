import { ConfigError, openDevice } from 'unrolled';
import { Recurrent, type SequenceLayer } from 'unrolled/nn';
import { LanguageModel } from 'unrolled/tasks/language-model';
import { decodeModel, encodeModel, storeModel, taskOf } from 'unrolled/train';
import type { ModelAbout, WorkerEvent } from '../protocol.ts';
import { cellName } from './cell-name.ts';
import type { Seeing } from './seeing.ts';
import type { TaskModel } from './task-model.ts';
import type { TrainingRun } from './training-run.ts';
import type { SearchedText } from './units.ts';
import type { ReadText } from './unrolling.ts';

/** Makes all cells of the literature known, where a name is not that of a fused one: few pages need them. */
export async function learnCell(name: string): Promise<void> {
  if (!isFused(name)) await import('unrolled/nn');
}

/** The cells that are always known. */
export const isFused = (name: string): boolean => ['rnn', 'irnn', 'lstm', 'gru'].includes(name);

/** What there is to say of recurrent layers, and of a Transformer. */
function sizesOf(sequence: SequenceLayer): Pick<ModelAbout, 'cell' | 'hidden' | 'layers' | 'layer'> {
  const { layer, layers = 1 } = sequence.config as { readonly layer: string; readonly layers?: number };
  if (!(sequence instanceof Recurrent)) return { cell: null, hidden: 0, layers, layer };
  return { cell: cellName(sequence.config.cell), hidden: sequence.cell.hidden, layers, layer };
}

/** The state of a worker: one device, one model, the run that trains it. */
export class Desk {
  readonly tell: (event: WorkerEvent) => void;
  run: TrainingRun | null = null;
  /** What was unrolled last, for questions about its numbers. */
  read: ReadText | null = null;
  /** The text whose cells were searched last. */
  searched: SearchedText | null = null;
  /** A network for images, in the room See. */
  seeing: Seeing | null = null;
  #model: LanguageModel | null = null;
  /** In place of a language model: a model of another task. */
  #taskModel: TaskModel | null = null;
  #writing = new AbortController();
  #searching = new AbortController();
  #comparing = new AbortController();
  /** Updates made, where no run counts them. */
  #step = 0;

  constructor(tell: (event: WorkerEvent) => void) {
    this.tell = tell;
  }

  /** @throws ConfigError before there is a model */
  get model(): LanguageModel {
    if (this.#taskModel)
      throw new ConfigError(`this model’s task is ‘${this.#taskModel.about.task}’; it writes no text`);
    if (!this.#model) throw new ConfigError('there is no model yet; train one first');
    return this.#model;
  }

  /** The model of another task. @throws ConfigError if there is none of it */
  async taskModel(task: string): Promise<Pick<TaskModel, 'open'>> {
    if (task === 'language-model' && this.#model) {
      const { openLanguageModel } = await import('./task-model.ts');
      return { open: openLanguageModel(this.#model) };
    }
    if (this.#taskModel?.about.task !== task) {
      throw new ConfigError(`there is no model of task ‘${task}’ here; open one`);
    }
    return this.#taskModel;
  }

  get step(): number {
    return this.run?.step ?? this.#step;
  }

  /** Aborts the current writing. @returns the signal of the next */
  beginWriting(): AbortSignal {
    this.stopWriting();
    this.#writing = new AbortController();
    return this.#writing.signal;
  }

  stopWriting(): void {
    this.#writing.abort();
  }

  /** Aborts the current search. @returns the signal of the next */
  beginSearching(): AbortSignal {
    this.stopSearching();
    this.#searching = new AbortController();
    return this.#searching.signal;
  }

  stopSearching(): void {
    this.#searching.abort();
  }

  /** Aborts the current comparison of spans. @returns the signal of the next */
  beginComparing(): AbortSignal {
    this.#comparing.abort();
    this.#comparing = new AbortController();
    return this.#comparing.signal;
  }

  /** The model as it is now, and stays: a copy of one that trains on. */
  async stillModel(): Promise<LanguageModel> {
    const { model } = this;
    if (!this.run) return model;
    if (this.searched?.step === this.step) return this.searched.model;
    const still = new LanguageModel(model.device, model.tokenizer, model.config);
    still.parameters.load(await model.parameters.save());
    return still;
  }

  put(model: LanguageModel, run: TrainingRun | null, step = 0): ModelAbout {
    this.stopWriting();
    this.#close();
    this.#model = model;
    this.run = run;
    this.read = null;
    this.stopSearching();
    this.#comparing.abort();
    this.searched = null;
    this.#step = step;
    return this.about();
  }

  #close(): void {
    this.#model?.device.close();
    this.#taskModel?.device.close();
    this.#model = null;
    this.#taskModel = null;
  }

  /** @throws FormatError, ConfigError if the file holds no model that is known here; the model before stays */
  async load(file: Uint8Array): Promise<ModelAbout> {
    const stored = decodeModel(file);
    const { config } = (stored.model ?? {}) as { config?: { cell?: unknown } };
    if (config?.cell) await learnCell(cellName(config.cell));
    if (taskOf(stored) !== 'language-model') {
      const { openTaskModel } = await import('./task-model.ts');
      const taskModel = await openTaskModel(stored);
      this.stopWriting();
      this.#close();
      this.#taskModel = taskModel;
      [this.run, this.read] = [null, null];
      return taskModel.about;
    }
    const device = await openDevice('wasm', { threads: 1 });
    try {
      return this.put(LanguageModel.load(device, stored), null, stored.step);
    } catch (error) {
      device.close();
      throw error;
    }
  }

  /** A file of the model as it is. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    return encodeModel(await storeModel(this.model, this.step));
  }

  about(): ModelAbout {
    const { sequence, config, parameters, tokenizer, device } = this.model;
    const { threads } = device.describe();
    return {
      task: 'language-model',
      ...sizesOf(sequence),
      embedding: config.embedding,
      parameters: parameters.size,
      step: this.step,
      vocabulary: tokenizer.vocabulary,
      threads,
    };
  }
}
