import { anything, count, requireOptions } from '../../checks.ts';
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
        const likely = likeliest(logits.subarray(row * tokenizer.size, (row + 1) * tokenizer.size), top);
        found.push(likely.map(({ id, probability }) => ({ token: id, text: tokenizer.decode([id]), probability })));
      }
    } finally {
      reader.release();
    }
  }
  return found;
}

/** softmax(logits), the likeliest first; of equals the smaller id. */
function likeliest(logits: ArrayLike<number>, top: number): { id: number; probability: number }[] {
  const highest = Math.max(...Array.from(logits));
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  const mass = weights.reduce((total, weight) => total + weight, 0);
  const ids = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a] || a - b);
  return ids.slice(0, top).map((id) => ({ id, probability: weights[id] / mass }));
}
