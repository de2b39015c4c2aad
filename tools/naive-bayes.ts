// The baseline beside classifiers: multinomial naive Bayes over the words and pairs of words of a text, or over the
// characters and their n-grams. How much counts are smoothed is chosen on validation texts:
//
//     node tools/naive-bayes.ts train.tsv test.tsv --validation dev.tsv
//     node tools/naive-bayes.ts train.tsv test.tsv --characters

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { splitExamples } from 'unrolled/data';
import { type LabelledText, parseTable } from 'unrolled/tasks/classify';
import { splitWords } from 'unrolled/words';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { validation: { type: 'string' }, characters: { type: 'boolean', default: false } },
});
const [trainPath, testPath] = positionals;
if (testPath === undefined)
  throw new Error('node tools/naive-bayes.ts train.tsv test.tsv [--validation dev.tsv] [--characters]');

const read = (path: string): readonly LabelledText[] => parseTable(readFileSync(path, 'utf8'), { name: path }).examples;

/** n-grams of words up to 2, or of characters up to 4 with the ends of the text. */
function features(text: string): string[] {
  const units = values.characters ? ['<', ...text, '>'] : splitWords(text).map((word) => word.text.toLowerCase());
  const longest = values.characters ? 4 : 2;
  return units.flatMap((_, i) =>
    Array.from({ length: Math.min(longest, units.length - i) }, (_, n) => units.slice(i, i + n + 1).join(' ')),
  );
}

/** log P(label) + Σ log (count + α) / (total + α V), the greatest first. */
class NaiveBayes {
  readonly #texts = new Map<string, number>();
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #vocabulary = new Set<string>();

  constructor(examples: readonly LabelledText[]) {
    for (const { text, label } of examples) {
      const counts = this.#counts.get(label) ?? new Map<string, number>();
      this.#counts.set(label, counts);
      this.#texts.set(label, (this.#texts.get(label) ?? 0) + 1);
      for (const feature of features(text)) {
        counts.set(feature, (counts.get(feature) ?? 0) + 1);
        this.#vocabulary.add(feature);
      }
    }
  }

  accuracy(examples: readonly LabelledText[], alpha: number): number {
    const totals = new Map(
      Array.from(this.#counts, ([label, counts]) => [label, [...counts.values()].reduce((sum, count) => sum + count)]),
    );
    const right = examples.filter(({ text, label }) => {
      const known = features(text).filter((feature) => this.#vocabulary.has(feature));
      const scores = Array.from(this.#counts, ([name, counts]) => {
        const total = totals.get(name)! + alpha * this.#vocabulary.size;
        const score = known.reduce((sum, feature) => sum + Math.log(((counts.get(feature) ?? 0) + alpha) / total), 0);
        return { name, score: score + Math.log(this.#texts.get(name)!) };
      });
      return scores.reduce((best, other) => (other.score > best.score ? other : best)).name === label;
    });
    return right.length / examples.length;
  }
}

const all = read(trainPath);
const { train, validation } = values.validation
  ? { train: all, validation: read(values.validation) }
  : splitExamples(all, { share: 0.1, seed: 1, keyOf: ({ text }) => text });
const model = new NaiveBayes(train);
const tried = [0.03, 0.1, 0.3, 1, 3].map((alpha) => ({ alpha, accuracy: model.accuracy(validation, alpha) }));
const best = tried.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
console.log(
  `smoothing ${best.alpha}: ${percent(best.accuracy)} of the validation texts, ` +
    `${percent(model.accuracy(read(testPath), best.alpha))} of the test texts`,
);
