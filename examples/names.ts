// Finds names of people and places, also those it has never seen, from their context and spelling.
//
//     node examples/names.ts               trains a tagger, in a few seconds
//     node examples/names.ts 2000          prints 2,000 sentences, for: unrolled tag train

import { openDevice, Random } from 'unrolled';
import { formatConll, showTags, type TaggedSentence, Tagger, taggerTraining, tagVocabulary } from 'unrolled/tasks/tag';
import { train } from 'unrolled/train';

const patterns = [
  ...['PERSON was born in PLACE .', 'PERSON lives in PLACE with PERSON .', 'in PLACE , PERSON met PERSON .'],
  ...['the streets of PLACE are empty', 'PLACE is a town near PLACE .', 'nobody in PLACE knows PERSON !'],
];

/** A random name; half of those of people have two words. */
function nameOf(kind: string, random: Random): string[] {
  const syllable = (): string => 'bdfklmnprst'[random.below(11)] + 'aeiou'[random.below(5)];
  const word = (): string => {
    const [first, ...rest] = Array.from({ length: 2 + random.below(3) }, syllable).join('');
    return first.toUpperCase() + rest.join('');
  };
  return kind === 'PERSON' && random.below(2) === 0 ? [word(), word()] : [word()];
}

function sentenceFrom(random: Random): TaggedSentence {
  const parts = patterns[random.below(patterns.length)].split(' ').map((word) => {
    if (word !== 'PERSON' && word !== 'PLACE') return { words: [word], tags: ['O'] };
    const words = nameOf(word, random);
    return { words, tags: words.map((_, i) => `${i === 0 ? 'B' : 'I'}-${word.toLowerCase()}`) };
  });
  return { words: parts.flatMap(({ words }) => words), tags: parts.flatMap(({ tags }) => tags) };
}

const random = new Random(1);
const sentences = Array.from({ length: Number(process.argv[2] ?? 600) }, () => sentenceFrom(random));
if (process.argv[2] !== undefined) {
  console.log(formatConll(sentences).trimEnd());
  process.exit();
}

const device = await openDevice();
const config = { cell: 'lstm', hidden: 32, layers: 1, embedding: 24, characters: 12, dropout: 0.2, crf: true };
const tagger = new Tagger(device, tagVocabulary(sentences), config);
const [validation, examples] = [sentences.slice(0, 100), sentences.slice(100)];
const task = taggerTraining(tagger, examples, { validation, batch: 16, seed: 1 });
const options = {
  optimizer: { method: 'adam' },
  learningRate: 0.01,
  clipNorm: 1,
  epochs: 4,
  validateEvery: 32,
} as const;
for await (const event of train(task, options)) {
  if (event.type === 'validation') console.log(`step ${event.step}: F1 of new names ${event.metrics!.f1.toFixed(3)}`);
}
const texts = ['Florence Paris lives in Paris with Florence.', 'Paris is a town near Florence.'];
for (const { words } of await tagger.predict(texts)) {
  console.log(showTags({ words: words.map(({ text }) => text), tags: words.map(({ tag }) => tag) }, true));
}
device.close();
