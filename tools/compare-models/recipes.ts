import { openDevice } from 'unrolled';
import { LanguageModel, type LanguageModelConfig } from 'unrolled/tasks/language-model';
import { tokenizerFor } from 'unrolled/tokenizers';
import { Failure } from '../../packages/cli/src/failure.ts';
import { joinTexts, type TextFiles } from '../../packages/cli/src/input/text-files.ts';
import { flagOf } from '../../packages/cli/src/options/parse.ts';
import { formatCount } from '../../packages/cli/src/output/units.ts';
import type { LanguageModelOptions } from '../../packages/cli/src/tasks/language-model/options.ts';
import { languageModel } from '../../packages/cli/src/tasks/language-model/trainable.ts';

export const modelNames = ['lstm', 'gru', 'mingru', 'transformer'] as const;
export type ModelName = (typeof modelNames)[number];

/** Options of `unrolled train`; what is left out has the command's default. */
export type Recipe = Readonly<Partial<LanguageModelOptions>>;

export const recipeKinds = ['best', 'equal'] as const;
export type RecipeKind = (typeof recipeKinds)[number];

/** What the trials found where it is not the command's default: docs/comparing.md, Recipes. */
const mingru = { cell: 'mingru', layers: 2, lr: 0.006, dropout: 0, weightDecay: 0.1 } as const satisfies Recipe;

/** What each model is trained with. To tune one is to change its line. */
export const recipes: Readonly<Record<RecipeKind, Readonly<Record<ModelName, Recipe>>>> = {
  // Each at its best size for the time: for ten minutes on two cores.
  best: {
    lstm: { cell: 'lstm', layers: 2, hidden: 256 },
    gru: { cell: 'gru', layers: 2, hidden: 304 },
    mingru: { ...mingru, hidden: 384 },
    transformer: { model: 'transformer', layers: 4, heads: 4, hidden: 128 },
  },
  // Equal parameters: about 1.1 million with the characters of tinyshakespeare and with those of Lua.
  equal: {
    lstm: { cell: 'lstm', layers: 2, hidden: 256 },
    gru: { cell: 'gru', layers: 2, hidden: 304 },
    mingru: { ...mingru, hidden: 602 },
    transformer: { model: 'transformer', layers: 4, heads: 4, hidden: 144, feedForward: 640 },
  },
};

/** How far apart the numbers of parameters of equal recipes may be: the most by the least, less 1. */
const tolerance = 0.02;

/** Options as they are typed: `['--cell', 'lstm', '--hidden', '256']`. */
export const argumentsOf = (options: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [flagOf(name)] : [flagOf(name), String(value)];
  });

/** The number of parameters of each model on a text. */
export async function countParameters(
  files: TextFiles,
  chosen: Readonly<Record<string, Recipe>>,
): Promise<Record<string, number>> {
  const device = await openDevice('wasm', { threads: 1 });
  try {
    const tokenizer = tokenizerFor('char', joinTexts(files));
    const counts: Record<string, number> = {};
    for (const [name, options] of Object.entries(chosen)) {
      const { model } = await languageModel.prepare({ main: files, named: {} }, options, null, null);
      counts[name] = new LanguageModel(device, tokenizer, model as LanguageModelConfig).parameters.size;
    }
    return counts;
  } finally {
    device.close();
  }
}

/** @throws Failure naming the counts, if they are not within 2% of each other */
export function requireEqual(counts: Readonly<Record<string, number>>): void {
  const values = Object.values(counts);
  const apart = Math.max(...values) / Math.min(...values) - 1;
  if (apart <= tolerance) return;
  const named = Object.entries(counts).map(([name, count]) => `${name} ${formatCount(count)}`);
  throw new Failure(
    `equal parameters: ${named.join(', ')} are ${(100 * apart).toFixed(1)}% apart, at most ${100 * tolerance}% are equal; ` +
      'change hidden sizes in tools/compare-models/recipes.ts',
  );
}
