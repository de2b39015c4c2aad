import { type Device, FormatError, openDevice } from 'unrolled';
import type { ModelFile } from 'unrolled/train';
import type { Calls, ModelAbout } from '../protocol.ts';
import { cellName } from './cell-name.ts';

type Asks<Task extends LearntTask> = {
  readonly task: Task;
  readonly device: Device;
  readonly about: ModelAbout;
} & { readonly [Name in Task]: (input: Calls[Task]['input']) => Calls[Task]['result'] };

export type LearntTask = 'translate' | 'tag' | 'classify';
/** A model that learnt another task than language, with what can be asked of it. */
export type Learnt = Asks<'translate'> | Asks<'tag'> | Asks<'classify'>;

/** The most of a text that is read: attention over more has no room in a picture. */
const longest = 2000;

/**
 * The model of a file; what its task needs is loaded with it.
 * @throws FormatError if it is of a task that the page does not know
 */
export async function learntFrom(file: ModelFile): Promise<Learnt> {
  const { task } = file.model as { task?: string };
  const device = await openDevice('wasm', { threads: 1 });
  try {
    switch (task) {
      case 'translate':
        return await translator(device, file);
      case 'tag':
        return await tagger(device, file);
      case 'classify':
        return await classifier(device, file);
      default:
        throw new FormatError(
          `model: its task is '${task}'; the studio opens language models, translators, taggers and classifiers`,
        );
    }
  } catch (error) {
    device.close();
    throw error;
  }
}

async function translator(device: Device, file: ModelFile): Promise<Asks<'translate'>> {
  const { Translator } = await import('unrolled/tasks/translate');
  const model = Translator.load(device, file);
  return {
    task: 'translate',
    device,
    about: aboutOf('translate', model, file),
    translate({ text, beam }) {
      const [{ candidates, leftOut }] = model.translate([text.slice(0, longest)], { beam, nBest: beam });
      return {
        candidates: candidates.map(({ text, logProbability, ended, alignment }) => ({
          ...{ text, logProbability, ended, alignment },
        })),
        leftOut,
      };
    },
  };
}

async function tagger(device: Device, file: ModelFile): Promise<Asks<'tag'>> {
  const { Tagger } = await import('unrolled/tasks/tag');
  const model = Tagger.load(device, file);
  const tag: Asks<'tag'>['tag'] = ({ text }) => model.tag([text.slice(0, longest)])[0];
  return { task: 'tag', device, about: aboutOf('tag', model, file), tag };
}

async function classifier(device: Device, file: ModelFile): Promise<Asks<'classify'>> {
  const { Classifier, explainTokens } = await import('unrolled/tasks/classify');
  const model = Classifier.load(device, file);
  return {
    task: 'classify',
    device,
    about: aboutOf('classify', model, file),
    classify({ text, label: wanted }) {
      const read = text.slice(0, longest);
      const [{ probabilities, label: likeliest }] = model.classify([read]);
      const label = wanted !== null && model.labels.includes(wanted) ? wanted : likeliest;
      return { probabilities, label, telling: explainTokens(model, read, { label }) };
    },
  };
}

interface AnyModel {
  readonly config: {
    readonly cell: unknown;
    readonly hidden: number;
    readonly layers: number;
    readonly embedding: number;
  };
  readonly parameters: { readonly size: number };
}

function aboutOf(task: LearntTask, { config, parameters }: AnyModel, { step }: ModelFile): ModelAbout {
  const { cell, hidden, layers, embedding } = config;
  const { size } = parameters;
  return {
    task,
    cell: cellName(cell),
    hidden,
    layers,
    embedding,
    parameters: size,
    step,
    vocabulary: [],
    threads: 1,
  };
}
