import type * as unrolled from 'unrolled';
import type * as classify from 'unrolled/tasks/classify';
import type * as forecast from 'unrolled/tasks/forecast';
import type * as languageModel from 'unrolled/tasks/language-model';
import type * as tag from 'unrolled/tasks/tag';
import type * as translate from 'unrolled/tasks/translate';
import type * as training from 'unrolled/train';

export type Library = typeof unrolled &
  typeof classify &
  typeof forecast &
  typeof languageModel &
  typeof tag &
  typeof translate &
  typeof training;

/** Model files by task, as arrays of bytes, which JSON can carry into a page. */
export type Files = Readonly<Record<string, readonly number[]>>;

/** A model of each task after a few steps of training, as the file that is put into a page. */
export async function trainAll(library: Library): Promise<Files> {
  const device = await library.openDevice('wasm', { threads: 1 });
  const sizes = { cell: 'lstm', hidden: 10, layers: 1, embedding: 6, dropout: 0.1 };
  const order = { batch: 4, seed: 1, validation: [] };
  const text = 'she sells sea shells by the sea shore. '.repeat(8);
  const characters = library.tokenizerFor('char', text);
  const labelled = text.split(' ').flatMap((word) => (word === '' ? [] : [{ text: word, label: word[0] }]));
  const sentences = [
    {
      words: text.trim().split(' '),
      tags: text
        .trim()
        .split(' ')
        .map((word) => word[0]),
    },
  ];
  const pairs = labelled.map(({ text: source }) => ({ source, target: [...source].reverse().join('') }));
  const demand = library.seasonalSeries({ length: 200, seasons: [12], heights: [5], seed: 1 });
  const split = library.splitSeries(200);
  const scaling = library.fitScaling(library.rowsOf({ demand }), split.train, 12);
  const { Classifier, Forecaster, LanguageModel, Tagger, Translator } = library;
  const labels = [...new Set(labelled.map(({ label }) => label))];
  const classifier = new Classifier(device, characters, labels, {
    ...{ ...sizes, bidirectional: true, pooling: 'attention', maxLength: 50 },
  });
  const { embedding: _, ...sizesOfNumbers } = sizes;
  const forecaster = new Forecaster(device, scaling, { ...sizesOfNumbers, window: 12, horizon: 3 });
  const model = new LanguageModel(device, characters, sizes);
  const tagger = new Tagger(device, library.tagVocabulary(sentences), { ...sizes, characters: 4, crf: true });
  const translator = new Translator(device, library.sidesFor(pairs), sizes);
  const tasks: Readonly<Record<string, training.TrainingTask>> = {
    classify: library.classifierTraining(classifier, labelled, order),
    forecast: library.forecasterTraining(forecaster, { demand }, { batch: 4, seed: 1, split }),
    'language-model': library.languageModelTraining(model, characters.encode(text), {
      batch: 4,
      seed: 1,
      steps: 16,
    }),
    tag: library.taggerTraining(tagger, sentences, order),
    translate: library.translatorTraining(translator, pairs, order),
  };
  const files: Record<string, readonly number[]> = {};
  for (const [name, task] of Object.entries(tasks)) {
    const options = { optimizer: { method: 'adam' }, learningRate: 1e-2, steps: 5, sampleEvery: 0 } as const;
    for await (const event of library.train(task, options)) {
      if (event.type === 'checkpoint')
        files[name] = Array.from(library.encodeModel(library.modelOf(event.checkpoint), { half: true }));
    }
  }
  device.close();
  return files;
}

/** What the models of these files say: each is opened and used in the three lines that the documentation shows. */
export async function useAll(library: Library, files: Files): Promise<string> {
  const bytes = (task: string): Uint8Array => Uint8Array.from(files[task]);
  const device = await library.openDevice('wasm', { threads: 1 });
  const classifier = library.Classifier.load(device, bytes('classify'));
  const forecaster = library.Forecaster.load(device, bytes('forecast'));
  const model = library.LanguageModel.load(device, bytes('language-model'));
  const tagger = library.Tagger.load(device, bytes('tag'));
  const translator = library.Translator.load(device, bytes('translate'));
  const said = {
    classify: await classifier.classify(['sea', 'bay']),
    forecast: await forecaster.forecast(Array.from({ length: 12 }, (_, t) => t % 5)),
    generate: await library.generateText(model, { prompt: 'sea ', length: 20, seed: 3 }),
    tag: await tagger.tag(['she sells shore shells.']),
    translate: await translator.translate(['sea'], { beam: 3 }),
  };
  device.close();
  return JSON.stringify(said);
}
