import { anything, oneOf } from '../../checks.ts';
import type { Classification, ClassifierEvaluation } from '../../metrics/label-predictions.ts';
import { text } from '../../schema.ts';
import type { Task } from '../task.ts';
import { evaluateClassifier } from './evaluate.ts';
import { type Contribution, explainTokens, explainWords } from './explain.ts';
import type { LabelledText } from './format.ts';
import { Classifier } from './model.ts';

export interface ExplainLabelOptions {
  /** The label to explain. Default: the most probable one. */
  readonly label?: string | undefined;
  /** Parts that contribute: tokens in their order; or words, the greatest weights first. Default 'words'. */
  readonly by?: 'tokens' | 'words' | undefined;
}

/** What counts for and against a label. */
export interface LabelExplanation {
  readonly label: string;
  /** Of a single word that the model reads in parts, those parts. */
  readonly contributions: readonly Contribution[];
}

/** Texts to labels. */
export const classifyTask: Task<{
  model: Classifier;
  input: string;
  options: object;
  answer: Classification;
  data: readonly LabelledText[];
  evaluate: object;
  evaluation: ClassifierEvaluation;
  explain: ExplainLabelOptions;
  explanation: LabelExplanation;
}> = {
  name: 'classify',
  open: (device, source, cell) => Classifier.load(device, source, cell),
  about: ({ labels }) => ({ labels }),
  input: text,
  options: {},
  predict: async (model, texts) => model.classify(texts),
  evaluate: evaluateClassifier,
  toOnnx: async (model) => (await import('./onnx.ts')).classifierToOnnx(model),
  explain: {
    options: { label: anything, by: oneOf(['tokens', 'words']) },
    async explain(model, input, { label: asked, by = 'words' } = {}) {
      const label = asked ?? (await model.classify([input]))[0].label;
      if (by === 'tokens') return { label, contributions: await explainTokens(model, input, { label }) };
      const words = await explainWords(model, input, { label });
      if (words.length <= 1 && !model.readsWords) {
        return { label, contributions: await explainTokens(model, input, { label }) };
      }
      return { label, contributions: words.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight)) };
    },
  },
};
