import { listOf, mismatch, type Schema, text } from '../../schema.ts';
import type { Task } from '../task.ts';
import type { TaggedSentence } from './conll.ts';
import { evaluateTagger, type TaggerEvaluation } from './evaluate.ts';
import { Tagger } from './model.ts';
import type { TaggedText } from './tagged-text.ts';

/** A sentence: a text, which is split by `splitWords`, or its words. */
export type TagInput = string | readonly string[];

const words = listOf(text);
const input: Schema<TagInput> = (value, place) => {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return words(value, place);
  throw mismatch(place, 'a text, or a list of words', value);
};

/** Words to tags. */
export const tagTask: Task<{
  model: Tagger;
  input: TagInput;
  options: object;
  answer: TaggedText | TaggedSentence;
  data: readonly TaggedSentence[];
  evaluate: object;
  evaluation: TaggerEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'tag',
  open: (device, source, cell) => Tagger.load(device, source, cell),
  about: ({ vocabulary: { tags, scheme } }) => ({ tags, scheme }),
  input,
  options: {},
  async predict(model, inputs) {
    const texts = (await model.tag(inputs.filter((one) => typeof one === 'string'))).values();
    const sentences = inputs.filter((one) => typeof one !== 'string');
    const tags = (await model.tagWords(sentences)).values();
    return inputs.map((one) =>
      typeof one === 'string' ? texts.next().value! : { words: one, tags: tags.next().value! },
    );
  },
  evaluate: evaluateTagger,
  toOnnx: async (model) => (await import('./onnx.ts')).taggerToOnnx(model),
};
