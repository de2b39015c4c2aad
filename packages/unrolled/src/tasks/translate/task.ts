import { count, flag, number, whole } from '../../checks.ts';
import { text } from '../../schema.ts';
import type { Task } from '../task.ts';
import { evaluateTranslator, type TranslationScores } from './evaluate.ts';
import { Translator } from './model.ts';
import type { TranslationPair } from './pairs.ts';
import type { SearchTranslationOptions } from './search.ts';
import type { Translation } from './translate.ts';

export interface TranslateTaskOptions extends SearchTranslationOptions {
  /** Whether candidates have their attention weights, where the model has attention. Default false. */
  readonly alignment?: boolean | undefined;
}

const search = {
  beam: count,
  nBest: count,
  lengthPenalty: number({ from: 0 }),
  coveragePenalty: number({ from: 0 }),
  blockNgrams: whole(),
  maxLength: count,
};

/** Texts to texts. */
export const translateTask: Task<{
  model: Translator;
  input: string;
  options: TranslateTaskOptions;
  answer: Translation;
  data: readonly TranslationPair[];
  evaluate: SearchTranslationOptions;
  evaluation: TranslationScores;
  explain: never;
  explanation: never;
}> = {
  name: 'translate',
  open: (device, source, cell) => Translator.load(device, source, cell),
  about: ({ config: { attention } }) => ({ attention }),
  input: text,
  options: { ...search, alignment: flag },
  async predict(model, texts, { alignment = false, ...options } = {}) {
    const found = await model.translate(texts, options);
    if (alignment) return found;
    const without = <One extends { readonly alignment: unknown }>(one: One): One => ({ ...one, alignment: null });
    return found.map((one) => ({ ...without(one), candidates: one.candidates.map(without) }));
  },
  evaluate: async (model, pairs, options) => (await evaluateTranslator(model, pairs, options)).scores,
};
