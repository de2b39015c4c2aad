/**
 * Trains the small models that the studio shows before anybody has trained one, and writes them, with what they learned
 * from, into packages/studio/src/models. The same sources give the same files, to the bit. All of them, or those that are named:
 *
 *     node tools/studio-models.ts [typescript-lstm typescript-rnn languages names dates demand shapes]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Device, openDevice, Random } from 'unrolled';
import { Classifier, classifierTraining } from 'unrolled/tasks/classify';
import { ImageClassifier, imageClassifierTraining } from 'unrolled/tasks/classify-images';
import {
  Forecaster,
  fitScaling,
  forecasterTraining,
  rowsOf,
  seasonalSeries,
  splitSeries,
} from 'unrolled/tasks/forecast';
import {
  generateText,
  LanguageModel,
  languageModelTraining,
  ngramLadder,
  tokenizerFor,
} from 'unrolled/tasks/language-model';
import { Tagger, taggerTraining, tagVocabulary } from 'unrolled/tasks/tag';
import { sidesFor, type TranslationPair, Translator, translatorTraining } from 'unrolled/tasks/translate';
import {
  type Checkpoint,
  encodeModel,
  modelOf,
  type TrainEvent,
  type TrainingTask,
  type TrainOptions,
  train,
} from 'unrolled/train';
import { shapeNames, shapePicture, shapeSide } from '../packages/studio/src/models/shapes.ts';
import type { RunSpec } from '../packages/studio/src/protocol.ts';
import { phraseIn } from './studio-models/languages.ts';
import { sentenceIn } from './studio-models/names.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const models = join(root, 'packages/studio/src/models');

const write = (name: string, what: unknown): void => writeFileSync(join(models, name), `${JSON.stringify(what)}\n`);
const round = (value: number): number => Number(value.toPrecision(4));

/** Trains to the end. @returns the best checkpoint; and every event, as it comes */
async function best(
  name: string,
  task: TrainingTask,
  options: TrainOptions,
  on: (event: TrainEvent) => void | Promise<void> = () => {},
): Promise<Checkpoint> {
  let found: Checkpoint | null = null;
  let last: Checkpoint | null = null;
  for await (const event of train(task, { clipNorm: 1, sampleEvery: 0, ...options })) {
    await on(event);
    if (event.type === 'validation') console.log(name, event.step, event.loss.toFixed(4), event.metrics ?? '');
    if (event.type !== 'checkpoint') continue;
    last = event.checkpoint;
    if (event.best) found = event.checkpoint;
  }
  const checkpoint = (found ?? last)!;
  const bytes = encodeModel(modelOf(checkpoint), { half: true });
  writeFileSync(join(models, `${name}.safetensors`), bytes);
  console.log(`${name}: step ${checkpoint.trainer.step}, ${bytes.length.toLocaleString('en-US')} bytes`);
  return checkpoint;
}

/** As `npx unrolled train packages/unrolled/src/nn/cells` reads it, and the studio’s built-in text of that name. */
function typescript(): string {
  const folder = join(root, 'packages/unrolled/src/nn/cells');
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  return names
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

/** A language model, with the course of its training for the room Train. */
async function languageModel(device: Device, cell: string): Promise<void> {
  const text = typescript();
  const tokenizer = tokenizerFor('char', text);
  const tokens = tokenizer.encode(text);
  const sizes = { cell, hidden: 112, layers: 1, embedding: 24, dropout: 0.1 };
  const order = { batch: 16, seq: 64, seed: 1 };
  const optimisation = { optimizer: 'adam', lr: 0.005, schedule: 'hold-linear', clipNorm: 1, steps: 3000 } as const;
  const spec: RunSpec = { ...sizes, ...order, ...optimisation };
  const model = new LanguageModel(device, tokenizer, sizes, order.seed);
  const task = languageModelTraining(model, tokens, { batch: order.batch, steps: order.seq, seed: order.seed });
  const sampleAt = [1, 10, 100, 300, 1000, 3000];
  const sampleNow = async (step: number) => ({
    step,
    text: await generateText(model, { length: 240, temperature: 0.7, seed: 1 + step }),
  });
  const samples = [await sampleNow(0)];
  const progress: number[][] = [];
  const validations: { step: number; loss: number }[] = [];
  const options: TrainOptions = {
    optimizer: { method: 'adam' },
    ...{ learningRate: spec.lr, schedule: spec.schedule, clipNorm: 1, steps: spec.steps, seed: spec.seed },
    ...{ progressEvery: 10, validateEvery: 150, checkpointEvery: 0 },
  };
  let step = 0;
  const { trainer } = await best(`typescript-${cell}`, task, options, async (event) => {
    if (event.type === 'progress') {
      step = event.step;
      progress.push([step, round(event.loss), round(event.gradientNorm), round(event.clipped)]);
    } else if (event.type === 'validation') validations.push({ step: event.step, loss: round(event.loss) });
    if (event.type === 'progress' && sampleAt.includes(step)) samples.push(await sampleNow(step));
  });
  const ladder = ngramLadder(tokens, tokenizer.size);
  write(`typescript-${cell}.json`, { spec, step: trainer.step, progress, validations, samples, ladder });
}

async function languages(device: Device): Promise<void> {
  const random = new Random(1);
  const all = Array.from({ length: 6000 }, () => phraseIn(random));
  const labels = [...new Set(all.map(({ label }) => label))].sort();
  const tokenizer = tokenizerFor('char', all.map(({ text }) => text).join(' '));
  const classifier = new Classifier(device, tokenizer, labels, {
    ...{ cell: 'gru', hidden: 32, layers: 1, embedding: 16, dropout: 0.3 },
    ...{ bidirectional: true, pooling: 'mean', maxLength: 200 },
  });
  const [validation, examples] = [all.slice(0, 500), all.slice(500)];
  const task = classifierTraining(classifier, examples, { validation, batch: 32, seed: 1 });
  await best('languages', task, {
    optimizer: { method: 'adam' },
    ...{ learningRate: 5e-3, schedule: 'hold-linear', steps: 1200, validateEvery: 200, checkpointEvery: 0 },
  });
  write('languages.json', {
    examples: [...new Set(validation.map(({ text }) => text))].filter((text) => text.includes(' ')).slice(0, 12),
  });
}

async function names(device: Device): Promise<void> {
  const random = new Random(1);
  const all = Array.from({ length: 3000 }, () => sentenceIn(random));
  const config = { cell: 'lstm', hidden: 32, layers: 1, embedding: 20, characters: 12, dropout: 0.3, crf: true };
  // Words seen once or twice are made up: without a vector of their own the file is a third as large.
  const found = tagVocabulary(all);
  const often = found.words.map((word, i) => [word, found.wordCounts[i]] as const).filter(([, count]) => count > 2);
  const vocabulary = { ...found, words: often.map(([word]) => word), wordCounts: often.map(([, count]) => count) };
  const tagger = new Tagger(device, vocabulary, config);
  const [validation, examples] = [all.slice(0, 200), all.slice(200)];
  await best('names', taggerTraining(tagger, examples, { validation, batch: 16, seed: 1 }), {
    optimizer: { method: 'adam' },
    ...{ learningRate: 5e-3, schedule: 'hold-linear', steps: 300, validateEvery: 50, checkpointEvery: 0 },
  });
  const sentences = validation.map(({ words }) => words.join(' ').replace(/ ([.,!?])/g, '$1'));
  write('names.json', { examples: [...new Set(sentences)].slice(0, 12) });
}

/** Dates in twelve forms, as examples/dates.ts writes them. */
async function dates(device: Device): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'unrolled-dates-'));
  const table = join(folder, 'dates.tsv');
  execFileSync(process.execPath, [join(root, 'examples/dates.ts'), table]);
  const lines = readFileSync(table, 'utf8').trimEnd().split('\n');
  rmSync(folder, { recursive: true });
  const all: TranslationPair[] = lines.map((line) => {
    const [source, target] = line.split('\t');
    return { source, target };
  });
  const config = { cell: 'gru', hidden: 36, layers: 1, embedding: 16, dropout: 0.1, feeding: 'context' } as const;
  const translator = new Translator(device, sidesFor(all), config);
  const [validation, pairs] = [all.slice(0, 300), all.slice(300)];
  await best('dates', translatorTraining(translator, pairs, { validation, batch: 32, seed: 1 }), {
    optimizer: { method: 'adam' },
    ...{ learningRate: 5e-3, schedule: 'hold-linear', steps: 900, validateEvery: 100, checkpointEvery: 0 },
  });
  write('dates.json', { examples: [...new Set(validation.map(({ source }) => source))].slice(0, 12) });
}

async function demand(device: Device): Promise<void> {
  const series = seasonalSeries({ length: 1600, seed: 1 });
  const rows = rowsOf({ demand: series });
  const split = splitSeries(series.length);
  const [window, horizon] = [96, 24];
  const scaling = fitScaling(rows, split.train, window);
  const model = new Forecaster(device, scaling, { cell: 'gru', hidden: 16, layers: 1, dropout: 0, window, horizon });
  await best('demand', forecasterTraining(model, { demand: series }, { split, batch: 32, seed: 1 }), {
    optimizer: { method: 'adam' },
    ...{ learningRate: 5e-3, schedule: 'cosine', steps: 800, validateEvery: 100, checkpointEvery: 0 },
  });
  // The part it was never trained on, with what came after each window.
  const test = Array.from(series.subarray(split.validation - window), round);
  write('demand.json', { examples: { columns: { demand: test } } });
}

/** Five shapes on generated pictures, for the room See. */
async function shapes(device: Device): Promise<void> {
  const random = new Random(1);
  const picture = (i: number) => {
    const label = shapeNames[i % shapeNames.length];
    return { image: shapePicture(label, random), label };
  };
  const all = Array.from({ length: 3300 }, (_, i) => picture(i));
  const conv = (channels: number, stride: number) => ({
    layer: 'conv2d',
    channels,
    kernel: 3,
    stride,
    padding: 'same',
  });
  const relu = { layer: 'activation', kind: 'relu' };
  const network = {
    layer: 'sequential',
    layers: {
      ...{ conv1: conv(12, 1), relu1: relu, conv2: conv(24, 2), relu2: relu },
      ...{ conv3: conv(32, 2), relu3: relu, conv4: conv(32, 1), relu4: relu },
      ...{ pool: { layer: 'globalAveragePool' }, fc: { layer: 'linear', units: shapeNames.length } },
    },
  };
  const preprocessing = { size: shapeSide, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  const model = new ImageClassifier(device, { config: { network }, labels: shapeNames, preprocessing });
  const [validation, examples] = [all.slice(0, 300), all.slice(300)];
  await best('shapes', await imageClassifierTraining(model, examples, { validation, batch: 32, seed: 1 }), {
    optimizer: { method: 'adam' },
    ...{ learningRate: 4e-3, schedule: 'hold-linear', steps: 1200, validateEvery: 200, checkpointEvery: 0 },
  });
}

const makers: Readonly<Record<string, (device: Device) => Promise<void>>> = {
  'typescript-lstm': (device) => languageModel(device, 'lstm'),
  'typescript-rnn': (device) => languageModel(device, 'rnn'),
  languages,
  names,
  dates,
  demand,
  shapes,
};

const device = await openDevice();
const wanted = process.argv.slice(2);
for (const [name, make] of Object.entries(makers)) {
  if (wanted.length === 0 || wanted.includes(name)) await make(device);
}
device.close();
