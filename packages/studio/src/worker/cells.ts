import { ConfigError } from 'unrolled';
import { type Labels, parseProperty, parseUnitName, pickStretch, type Unit } from 'unrolled/inspect';
import {
  describeCharacter,
  evaluateTokens,
  findUnits,
  generate,
  type LanguageModel,
  labelTokens,
  leaveOutUnknown,
  traceUnits,
} from 'unrolled/tasks/language-model';
import type {
  CellSearch,
  CellStretch,
  CellStretchInput,
  FindCellsInput,
  HeldCell,
  HoldCellInput,
} from '../protocol.ts';

/** Cells that are listed. */
const listed = 60;
/** What is read to say what a cell costs: enough to see, soon done. */
const scored = 20_000;

/** A text whose cells were searched, for questions about it. */
export interface SearchedText {
  readonly model: LanguageModel;
  readonly tokens: Int32Array;
  readonly labels: Labels;
  /** The first token of the held-out part. */
  readonly split: number;
}

/**
 * Which cells of a model follow a property of a text.
 * @returns null if the signal ended it early
 * @throws ConfigError on a mistake in the property; DataError if the text is too short, or the property does not change in it
 */
export async function searchCells(
  model: LanguageModel,
  input: FindCellsInput,
  step: number,
  signal: AbortSignal,
): Promise<{ searched: SearchedText; found: CellSearch } | null> {
  const property = parseProperty(input.property);
  const { text, leftOut } = leaveOutUnknown(model.tokenizer, input.text);
  const tokens = model.tokenizer.encode(text);
  const results = await findUnits(model, tokens, [property], { signal });
  if (results === null) return null;
  const [{ units, ...about }] = results;
  const labels = labelTokens(model.tokenizer, tokens, property);
  const { from } = pickStretch(labels, about.steps.selection, input.stretch);
  return {
    searched: { model, tokens, labels, split: about.steps.selection },
    found: {
      ...about,
      cells: units.slice(0, listed),
      count: units.length,
      tokens: tokens.length,
      leftOut: Array.from(leftOut.keys(), describeCharacter),
      from,
      modelStep: step,
    },
  };
}

/** A stretch of the text with what one cell is, and whether the property holds. */
export function stretchOf(
  { model, tokens, labels }: SearchedText,
  { cell, from, length }: CellStretchInput,
): CellStretch {
  const to = Math.min(tokens.length, from + length);
  const traced = traceUnits(model, tokens, [parseUnitName(cell)], { from, to });
  return {
    from,
    pieces: traced.map(({ piece }) => piece),
    values: Float32Array.from(traced, ({ values }) => values[0]),
    labels: labels.values.slice(from, to),
  };
}

/** What changes when a cell is held at a value: the loss on the held-out part, and what the model writes. */
export async function holdCell({ model, tokens, split }: SearchedText, input: HoldCellInput): Promise<HeldCell> {
  const unit: Unit = parseUnitName(input.cell);
  if (!Number.isFinite(input.value)) throw new ConfigError(`${input.cell}: the value to hold it at is not a number`);
  const hold = [{ ...unit, value: input.value }];
  const part = tokens.subarray(split, split + scored);
  const { prompt, length, temperature, seed } = input;
  const known = leaveOutUnknown(model.tokenizer, prompt).text;
  const of = async (held: typeof hold) => ({
    loss: (await evaluateTokens(model, part, { hold: held }))!.loss,
    text: [...generate(model, { prompt: known, length, temperature, seed, hold: held })].join(''),
  });
  return { cell: input.cell, value: input.value, prompt: known, before: await of([]), after: await of(hold) };
}
