import { type Device, FormatError, openDevice } from 'unrolled';
import type { ModelFile } from 'unrolled/train';
import type { Calls, ModelAbout } from '../protocol.ts';
import { tokensAsTyped } from './as-typed.ts';
import { cellName } from './cell-name.ts';

type Asks<Task extends TaskName> = {
  readonly task: Task;
  readonly device: Device;
  readonly about: ModelAbout;
} & { readonly [Name in Task]: (input: Calls[Task]['input']) => Promise<Calls[Task]['result']> };

export type TaskName = 'translate' | 'tag' | 'classify' | 'forecast';
/** A model of another task than language, with what can be asked of it. */
export type TaskModel = Asks<'translate'> | Asks<'tag'> | Asks<'classify'> | Asks<'forecast'>;

/** Characters of a text that are read: attention over more has no room in a picture. */
const maxLength = 2000;

/**
 * The model of a file; what its task needs is loaded with it.
 * @throws FormatError if it is of a task that the page does not know
 */
export async function openTaskModel(file: ModelFile): Promise<TaskModel> {
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
      case 'forecast':
        return await forecaster(device, file);
      default:
        throw new FormatError(
          `model: its task is '${task}'; the studio opens language models, translators, taggers, classifiers and forecasters`,
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
    async translate({ text, beam }) {
      const read = text.slice(0, maxLength);
      const [{ candidates, leftOut }] = await model.translate([read], { beam, nBest: beam });
      const { tokenizer } = model.sides.source;
      // A word that the model does not know is still the reader’s own; the end of the text has no piece.
      const typed = tokenizer.kind === 'word' ? tokensAsTyped(tokenizer, ` ${read}`).map((piece) => piece.trim()) : [];
      return {
        candidates: candidates.map(({ text, logProbability, ended, alignment }) => ({
          ...{ text, logProbability, ended },
          alignment: alignment && {
            ...alignment,
            source: alignment.source.map((name, s) => typed[s] || name),
          },
        })),
        leftOut,
      };
    },
  };
}

async function tagger(device: Device, file: ModelFile): Promise<Asks<'tag'>> {
  const { Tagger } = await import('unrolled/tasks/tag');
  const model = Tagger.load(device, file);
  const tag: Asks<'tag'>['tag'] = async ({ text }) => (await model.tag([text.slice(0, maxLength)]))[0];
  return { task: 'tag', device, about: aboutOf('tag', model, file), tag };
}

async function classifier(device: Device, file: ModelFile): Promise<Asks<'classify'>> {
  const { Classifier, explainTokens } = await import('unrolled/tasks/classify');
  const model = Classifier.load(device, file);
  return {
    task: 'classify',
    device,
    about: aboutOf('classify', model, file),
    async classify({ text, label: wanted }) {
      const read = text.slice(0, maxLength);
      const [{ probabilities, label: likeliest }] = await model.classify([read]);
      const label = wanted !== null && model.labels.includes(wanted) ? wanted : likeliest;
      return { probabilities, label, explanation: await explainTokens(model, read, { label }) };
    },
  };
}

/** The level of the intervals that are shown. */
const level = 0.8;

async function forecaster(device: Device, file: ModelFile): Promise<Asks<'forecast'>> {
  const { Forecaster } = await import('unrolled/tasks/forecast');
  const model = Forecaster.load(device, file);
  const { window, horizon } = model.config;
  const series = { columns: model.columns, targets: model.targets, window, horizon };
  // A model of quantiles has some levels alone.
  const shown = model.levels === null || model.levels.includes(level) ? level : (model.levels[0] ?? null);
  return {
    task: 'forecast',
    device,
    about: { ...aboutOf('forecast', model, file), series },
    async forecast({ columns }) {
      const history = Object.fromEntries(Object.entries(columns).map(([name, all]) => [name, Float64Array.from(all)]));
      return (await model.forecast(history)).map((found) => {
        const bounds = shown === null ? null : found.interval(shown);
        return {
          target: found.target,
          values: [...found.values],
          interval: bounds && { level: shown!, lower: [...bounds.lower], upper: [...bounds.upper] },
        };
      });
    },
  };
}

interface AnyModel {
  readonly config: {
    readonly cell: unknown;
    readonly hidden: number;
    readonly layers: number;
    readonly embedding?: number;
  };
  readonly parameters: { readonly size: number };
}

function aboutOf(task: TaskName, { config, parameters }: AnyModel, { step }: ModelFile): ModelAbout {
  const { cell, hidden, layers, embedding = 0 } = config;
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
