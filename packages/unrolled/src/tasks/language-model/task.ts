import { anything, number, seed, text as textKind, whole } from '../../checks.ts';
import { Transformer } from '../../nn/transformer/transformer.ts';
import { text } from '../../schema.ts';
import type { Task } from '../task.ts';
import { type AttentionOfOptions, attentionOf, attentionOfKinds, type TextAttention } from './attention.ts';
import { evaluateTexts, type NamedText, type TextEvaluation } from './evaluate-texts.ts';
import { type GenerateOptions, generateTogether } from './generate.ts';
import { LanguageModel } from './model.ts';

/** A continuation. */
export interface GeneratedText {
  /** Without the prompt. */
  readonly text: string;
  readonly seed: number;
}

/** The most texts generated together, which bounds the memory. */
const mostTogether = 64;

/** Texts to their continuations. */
export const languageModelTask: Task<{
  model: LanguageModel;
  input: string;
  /** The text of input i has the seed `seed + i`. */
  options: Omit<GenerateOptions, 'prompt' | 'hold'>;
  answer: GeneratedText;
  data: readonly NamedText[];
  evaluate: object;
  evaluation: TextEvaluation & { readonly texts: readonly TextEvaluation[] };
  /** Where each head of a Transformer looks; null of other models. */
  explain: AttentionOfOptions;
  explanation: TextAttention | null;
}> = {
  name: 'language-model',
  open: (device, source, cell) => LanguageModel.load(device, source, cell),
  about: ({ tokenizer: { kind, size } }) => ({ tokens: kind, vocabularySize: size }),
  input: text,
  options: {
    length: whole(),
    seed,
    signal: anything,
    stop: textKind,
    temperature: number({ from: 0 }),
    topK: whole(),
    topP: number({ above: 0, to: 1 }),
  },
  async predict(model, prompts, { seed: first = 1, ...options } = {}) {
    const written = prompts.map((_, i) => ({ text: '', seed: first + i }));
    for (let start = 0; start < prompts.length; start += mostTogether) {
      const together = { ...options, prompts: prompts.slice(start, start + mostTogether), seed: first + start };
      for await (const { stream, piece } of generateTogether(model, together)) written[start + stream].text += piece;
    }
    return written;
  },
  evaluate: evaluateTexts,
  explain: {
    options: attentionOfKinds,
    explain: async (model, text, options) =>
      model.sequence instanceof Transformer ? attentionOf(model, text, options) : null,
  },
  toOnnx: async (model) => (await import('./onnx.ts')).languageModelToOnnx(model),
};
