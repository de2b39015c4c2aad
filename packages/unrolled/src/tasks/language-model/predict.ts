import { anything, count, requireOptions } from '../../checks.ts';
import { likeliestTokens } from '../../decode/likeliest.ts';
import type { StopSignal } from '../../signal.ts';
import type { LanguageModel } from './model.ts';
import { PromptReader, promptIds } from './prompt-reader.ts';

/** What may follow a text. */
export interface NextToken {
  readonly token: number;
  /** As text. */
  readonly text: string;
  readonly probability: number;
}

export interface PredictNextOptions {
  /** How many of the likeliest tokens are returned. Default 10. */
  readonly top?: number | undefined;
  /** Batch size; does not change the result. Default 64. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** See `LanguageModel.predict`. */
export async function predictNext(
  model: LanguageModel,
  texts: readonly string[],
  options: PredictNextOptions = {},
): Promise<NextToken[][]> {
  requireOptions<PredictNextOptions>('predict', options, { top: count, batch: count, signal: anything });
  const { top = 10, batch = 64, signal } = options;
  const { tokenizer } = model;
  const found: NextToken[][] = [];
  const prompts = texts.map((text) => promptIds(model, text));
  for (let start = 0; start < prompts.length; start += batch) {
    const some = prompts.slice(start, start + batch);
    const reader = new PromptReader(model, { signal });
    try {
      await reader.read(some.map((prompt) => prompt.subarray(0, -1)));
      const rows = Int32Array.from(some.keys());
      const logits = await reader.next(
        some.map((prompt) => prompt[prompt.length - 1]),
        rows,
      );
      for (const row of rows) {
        const likely = likeliestTokens(logits.subarray(row * tokenizer.size, (row + 1) * tokenizer.size), top);
        // With the space that it begins with; a part of a character is U+FFFD.
        const textOf = (id: number): string => tokenizer.decoder(true)(id) || tokenizer.decode([id]);
        found.push(likely.map(({ id, probability }) => ({ token: id, text: textOf(id), probability })));
      }
    } finally {
      reader.release();
    }
  }
  return found;
}
