import { ConfigError } from 'unrolled';
import {
  type Labels,
  parseProperty,
  parseUnitName,
  pickSpan,
  type Unit,
  unitActivations,
  unitName,
} from 'unrolled/inspect';
import {
  describeCharacter,
  evaluateLanguageModel,
  findUnits,
  generateText,
  type LanguageModel,
  labelTokens,
  leaveOutUnknown,
  readTokens,
} from 'unrolled/tasks/language-model';
import type { FindUnitsInput, FoundUnits, HeldUnit, HoldUnitInput, TextSpan, TextSpanInput } from '../protocol.ts';
import { tokensAsTyped } from './as-typed.ts';

/** What is read to say what a unit costs: enough to see, soon done. */
const scored = 20_000;
/** Values up to which ranks are exact: beyond it counting is faster, and a page has less memory than a command. */
const keep = 2 ** 22;

/** A text whose units were searched, for questions about it. */
export interface SearchedText {
  readonly model: LanguageModel;
  /** Updates the model had made. */
  readonly step: number;
  /** As it was given. */
  readonly text: string;
  readonly leftOut: readonly string[];
  readonly tokens: Int32Array;
  /** Its tokens as the text has them, where some may be unknown to the model; null where decoding gives the text. */
  readonly pieces: readonly string[] | null;
  readonly labels: Labels;
  readonly units: readonly Unit[];
  /** The first token that was searched, and the first of the held-out part. */
  readonly searchedFrom: number;
  readonly split: number;
}

interface SearchContext {
  readonly signal: AbortSignal;
  /** The share that was read. */
  readonly tell: (share: number) => void;
  /** What was searched before: it may be the same text. */
  readonly before: SearchedText | null;
}

/**
 * Which units of a model follow a property of a text.
 * @throws ConfigError on a mistake in the property; DataError if the text is too short, or the property does not change in it; the signal's
 *   reason if it is aborted
 */
export async function searchUnits(
  model: LanguageModel,
  input: FindUnitsInput,
  step: number,
  { signal, tell, before }: SearchContext,
): Promise<{ searched: SearchedText; found: FoundUnits }> {
  const property = parseProperty(input.property);
  const { text } = input;
  const { tokens, pieces, leftOut } = before && sameText(before, model, text) ? before : read(model, text);
  // Of the whole text: where a part begins, a comment may be open.
  const known = before?.tokens === tokens && before.labels.name === property.name;
  const labels = known ? before.labels : labelTokens(model.tokenizer, tokens, property);
  const searchedFrom = input.most === null ? 0 : Math.max(0, tokens.length - input.most);
  const part = { ...labels, values: labels.values.subarray(searchedFrom) };
  const results = await findUnits(model, tokens.subarray(searchedFrom), [part], { signal, keep, onProgress: tell });
  const [found] = results;
  const split = searchedFrom + found.steps.selection;
  const { from } = pickSpan(labels, split, input.span);
  const { units } = found;
  return {
    searched: { model, step, text, leftOut, tokens, pieces, labels, units, searchedFrom, split },
    found: { ...found, tokens: tokens.length, searchedFrom, leftOut, from, modelStep: step },
  };
}

const sameText = (before: SearchedText, { tokenizer }: LanguageModel, text: string): boolean =>
  before.model.tokenizer === tokenizer && before.text === text;

function read({ tokenizer }: LanguageModel, all: string): Pick<SearchedText, 'tokens' | 'pieces' | 'leftOut'> {
  const { text, leftOut } = leaveOutUnknown(tokenizer, all);
  const pieces = tokenizer.kind === 'word' ? tokensAsTyped(tokenizer, text) : null;
  return { tokens: tokenizer.encode(text), pieces, leftOut: Array.from(leftOut.keys(), describeCharacter) };
}

/** A span of the text with what all units are, and the property. */
export async function spanOf(
  { model, tokens, pieces, labels, units }: SearchedText,
  { from, length }: TextSpanInput,
): Promise<TextSpan> {
  const to = Math.min(tokens.length, from + length);
  const columns = await unitActivations(readTokens(model, tokens), units, { from, to });
  const values = new Float32Array(units.length * (to - from));
  for (const [index, column] of columns.entries()) values.set(column, index * (to - from));
  const decode = model.tokenizer.decoder();
  return {
    from,
    pieces: pieces?.slice(from, to) ?? Array.from(tokens.subarray(from, to), (token) => decode(token)),
    units: units.map(unitName),
    values,
    labels: labels.values.slice(from, to),
  };
}

/** What changes when a unit is held at a value: the loss on the held-out part, and what the model writes. */
export async function holdUnit({ model, tokens, split }: SearchedText, input: HoldUnitInput): Promise<HeldUnit> {
  const unit: Unit = parseUnitName(input.unit);
  if (!Number.isFinite(input.value)) throw new ConfigError(`${input.unit}: the value to hold it at is not a number`);
  const hold = [{ ...unit, value: input.value }];
  const part = tokens.subarray(split, split + scored);
  const { prompt, length, temperature, seed } = input;
  const known = leaveOutUnknown(model.tokenizer, prompt).text;
  const of = async (held: typeof hold) => ({
    loss: (await evaluateLanguageModel(model, part, { hold: held })).loss,
    text: await generateText(model, { prompt: known, length, temperature, seed, hold: held }),
  });
  return { unit: input.unit, value: input.value, prompt: known, before: await of([]), after: await of(hold) };
}
