import { type Device, openDevice } from 'unrolled';
import { type OpenModel, openedModel, openModel, taskNamed } from 'unrolled/tasks';
import { type LanguageModel, languageModelTask } from 'unrolled/tasks/language-model';
import { type ModelFile, taskOf } from 'unrolled/train';
import type { Answered, AskInput, ModelAbout } from '../protocol.ts';
import { cellName } from './cell-name.ts';

/** A model of another task than language. */
export interface TaskModel {
  readonly open: OpenModel;
  readonly device: Device;
  readonly about: ModelAbout;
}

/**
 * The model of a file; what its task needs is loaded with it.
 * @throws FormatError if the file is damaged, or of a task that the library does not know
 */
export async function openTaskModel(file: ModelFile): Promise<TaskModel> {
  const task = await taskNamed(taskOf(file));
  const device = await openDevice('wasm', { threads: 1 });
  try {
    const open = openModel(task, device, file);
    return { open, device, about: aboutOf(open, file) };
  } catch (error) {
    device.close();
    throw error;
  }
}

/** A language model that is there, as models of other tasks are asked. */
export const openLanguageModel = (model: LanguageModel): OpenModel => openedModel(languageModelTask, model);

/** One answer, with its explanation where one is asked for. */
export async function askModel(
  { open }: Pick<TaskModel, 'open'>,
  { input, options, explain }: AskInput,
): Promise<Answered> {
  const [answer] = await open.predict([input], options);
  return { answer, explanation: explain && (await open.explain(input, explain)) };
}

interface Sizes {
  readonly cell?: unknown;
  readonly hidden?: number;
  readonly layers?: number;
  readonly embedding?: number;
}

function aboutOf({ task, model, about }: OpenModel, { step }: ModelFile): ModelAbout {
  // Some models are of one cell, or of none: their configuration does not name it.
  const { cell, hidden, layers = 1, embedding = 0 } = (model as { config?: Sizes }).config ?? {};
  return {
    ...{
      task,
      cell: cell === undefined ? null : cellName(cell),
      hidden: hidden ?? 0,
      layers,
      embedding,
      parameters: model.parameters.size,
      step,
    },
    ...{ vocabulary: [], threads: 1 },
    ...about,
  };
}
