// Text classification: does a word's last vowel rhyme with its first? No single letter shows it: the model must remember.
//
//     node examples/classify-words.ts

import { openDevice, Random } from 'unrolled';
import { Classifier, classifierTraining, evaluateClassifier, explainTokens } from 'unrolled/tasks/classify';
import { tokenizerFor } from 'unrolled/tokenizers';
import { train } from 'unrolled/train';

const random = new Random(1);
const pick = (letters: string) => letters[random.below(letters.length)];
const words = Array.from({ length: 1200 }, (_, i) => {
  const rhymes = i % 2 === 0;
  const first = pick('aeiou');
  const last = rhymes ? first : pick('aeiou'.replace(first, ''));
  const text = pick('bdfglmnt') + first + pick('bdfglmnt') + pick('aeiou') + pick('bdfglmnt') + last;
  return { text, label: rhymes ? 'rhyming' : 'plain' };
});

const device = await openDevice();
const tokenizer = tokenizerFor('char', 'aeioubdfglmnt');
const classifier = new Classifier(device, tokenizer, ['plain', 'rhyming'], {
  ...{ cell: 'gru', hidden: 24, layers: 1, embedding: 12, dropout: 0 },
  ...{ bidirectional: true, pooling: 'last', maxLength: 20 },
});
const task = classifierTraining(classifier, words.slice(200), {
  validation: words.slice(0, 200),
  batch: 32,
  seed: 1,
});
const options = { optimizer: { method: 'adam' }, learningRate: 0.01, steps: 600, validateEvery: 100 } as const;
for await (const event of train(task, options)) {
  if (event.type === 'validation') console.log(`step ${event.step}   accuracy ${event.metrics!.accuracy.toFixed(3)}`);
}

for (const { label, probability } of await classifier.predict(['banata', 'banato'])) {
  console.log(`${label} (${(100 * probability).toFixed(0)}%)`);
}
const { macroF1 } = await evaluateClassifier(classifier, words.slice(0, 200));
console.log(`macro-F1 ${macroF1.toFixed(3)}`);
const letters = (await explainTokens(classifier, 'banata')).map(({ token, weight }) => `${token} ${weight.toFixed(1)}`);
console.log(`contributions: ${letters.join('  ')}`);
device.close();
