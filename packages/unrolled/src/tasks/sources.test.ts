import { expect, test } from 'vitest';
import type { Examples } from '../data/examples.ts';
import { openDevice } from '../device.ts';
import { tokenizerFor } from '../tokenizers/index.ts';
import type { Checkpoint } from '../train/checkpoint.ts';
import type { TrainingTask } from '../train/task.ts';
import { train } from '../train/train.ts';
import { Classifier, classifierTraining } from './classify/index.ts';
import { Tagger, taggerTraining, tagVocabulary } from './tag/index.ts';
import { sidesFor, Translator, translatorTraining } from './translate/index.ts';

const device = await openDevice('wasm', { threads: 1 });
const order = { batch: 3, seed: 2 };
const sizes = { cell: 'gru', hidden: 4, layers: 1, embedding: 3, dropout: 0.2 } as const;
const words = ['she', 'sells', 'sea', 'shells', 'by', 'the', 'shore', 'so', 'they', 'say', 'aloud'];

const labelled = words.map((text) => ({ text, label: text.startsWith('s') ? 's' : 'other' }));
const sentences = words.map((word, i) => ({
  words: words.slice(i, i + 3),
  tags: words.slice(i, i + 3).map(() => word[0]),
}));
const pairs = words.map((source) => ({ source, target: [...source].reverse().join('') }));
const tokenizer = tokenizerFor('char', words.join(' '));

/** Each task begun anew, on examples in memory or on a source of them. */
const subjects: Readonly<
  Record<
    string,
    (given: <Example>(all: Example[], lengthOf: (one: Example) => number) => Examples<Example>) => TrainingTask
  >
> = {
  classify(given) {
    const config = { ...sizes, bidirectional: false, pooling: 'mean', maxLength: 20 } as const;
    const model = new Classifier(device, tokenizer, ['s', 'other'], config, 1);
    return classifierTraining(
      model,
      given(labelled, ({ text }) => model.lengthOf(text)),
      order,
    );
  },
  tag(given) {
    const model = new Tagger(device, tagVocabulary(sentences), { ...sizes, characters: 2, crf: true }, 1);
    return taggerTraining(
      model,
      given(sentences, (sentence) => sentence.words.length),
      order,
    );
  },
  translate(given) {
    const model = new Translator(device, sidesFor(pairs), sizes, 1);
    return translatorTraining(
      model,
      given(pairs, (pair) => pair.source.length + pair.target.length + 1),
      order,
    );
  },
};

async function lastCheckpoint(task: TrainingTask): Promise<{ checkpoint: Checkpoint; samples: string[] }> {
  let checkpoint: Checkpoint | null = null;
  const samples: string[] = [];
  const options = { optimizer: { method: 'adam' }, learningRate: 1e-2, steps: 9, sampleEvery: 4 } as const;
  for await (const event of train(task, options)) {
    if (event.type === 'checkpoint') checkpoint = event.checkpoint;
    if (event.type === 'sample') samples.push(event.text);
  }
  return { checkpoint: checkpoint!, samples };
}

test.each(Object.keys(subjects))(
  '%s trains on a source, read when it is needed, to the same bits as in memory',
  async (name) => {
    const memory = await lastCheckpoint(subjects[name]((all) => all));
    const read = new Set<number>();
    const source = await lastCheckpoint(
      subjects[name]((all, lengthOf) => ({
        length: all.length,
        fingerprint: 'words 1',
        lengthOf: (index) => lengthOf(all[index]),
        async read(index) {
          await new Promise(setImmediate);
          read.add(index);
          return all[index];
        },
      })),
    );
    expect(read.size).toBe(words.length);
    expect(source.checkpoint.parameters).toEqual(memory.checkpoint.parameters);
    expect(source.samples).toEqual(memory.samples);
    expect(source.checkpoint.task).toEqual({ ...(memory.checkpoint.task as object), examples: 'words 1' });
  },
);
