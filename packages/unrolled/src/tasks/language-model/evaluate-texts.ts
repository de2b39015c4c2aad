import { DataError } from '../../errors.ts';
import type { StopSignal } from '../../signal.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { leaveOutUnknown } from '../../tokenizers/vocabulary.ts';
import { evaluateLanguageModel } from './evaluate.ts';
import { bits, perplexity } from './measures.ts';
import type { LanguageModel } from './model.ts';
import { withBegin } from './prompt-reader.ts';
import { measureText, natsPerCharacter, type TextMeasure } from './text-measure.ts';

/** A text, with its name for errors. */
export interface NamedText {
  readonly text: string;
  readonly name?: string | undefined;
}

export interface TextEvaluation {
  /** Of the tokens that were predicted: all but the first, or all where a token stands before every text. */
  readonly tokens: number;
  /** Mean in nats per token. */
  readonly loss: number;
  /** With the spelling of unknown words, so that tokenizers can be compared. */
  readonly natsPerCharacter: number;
  readonly bitsPerCharacter: number;
  readonly perplexity: number;
  /** Unknown tokens, and characters that were left out. */
  readonly unknown: number;
  readonly unknownShare: number;
  /** Characters that the model does not know, with their counts. */
  readonly leftOut: Readonly<Record<string, number>>;
}

interface ReadText {
  readonly loss: number;
  readonly measure: TextMeasure;
  readonly leftOut: ReadonlyMap<string, number>;
}

/**
 * Evaluates a language model on texts, each read from its beginning.
 * @returns of all texts, weighted by their tokens, and of each
 * @throws DataError naming a text with fewer than two known tokens; the signal's reason if it is aborted
 */
export async function evaluateTexts(
  model: LanguageModel,
  texts: readonly NamedText[],
  { signal }: { readonly signal?: StopSignal | undefined } = {},
): Promise<TextEvaluation & { readonly texts: readonly TextEvaluation[] }> {
  const { tokenizer } = model;
  const read: ReadText[] = [];
  for (const [i, { text: whole, name = `text ${i + 1}` }] of texts.entries()) {
    const { text, leftOut } = leaveOutUnknown(tokenizer, whole);
    const tokens = tokenizer.encode(text);
    if (tokens.length < 2) {
      throw new DataError(`${name}: fewer than two of its characters are in the model's vocabulary`, { name });
    }
    // What stands before every text is read, and not predicted.
    const { loss } = await evaluateLanguageModel(model, withBegin(tokenizer, tokens), { signal });
    const first = tokenizer.begin === null ? 1 : 0;
    read.push({ loss, measure: measureText(tokenizer, text, tokens, first), leftOut });
  }
  if (read.length === 0) throw new DataError('evaluate: there is no text');
  return { ...reportOf(tokenizer, read), texts: read.map((one) => reportOf(tokenizer, [one])) };
}

function reportOf({ kind }: Tokenizer, texts: readonly ReadText[]): TextEvaluation {
  const sum = (of: (text: ReadText) => number): number => texts.reduce((total, text) => total + of(text), 0);
  const measure: TextMeasure = {
    tokens: sum((one) => one.measure.tokens),
    characters: sum((one) => one.measure.characters),
    unknown: sum((one) => one.measure.unknown),
    spelling: sum((one) => one.measure.spelling),
  };
  const { tokens, characters } = measure;
  const loss = sum((text) => text.loss * text.measure.tokens) / tokens;
  const leftOut = new Map<string, number>();
  for (const text of texts) {
    for (const [character, count] of text.leftOut) leftOut.set(character, (leftOut.get(character) ?? 0) + count);
  }
  const missing = [...leftOut.values()].reduce((total, count) => total + count, 0);
  const isChar = kind === 'char';
  return {
    tokens,
    loss,
    natsPerCharacter: natsPerCharacter(measure, loss),
    bitsPerCharacter: bits(natsPerCharacter(measure, loss)),
    perplexity: perplexity(loss),
    unknown: isChar ? missing : measure.unknown,
    unknownShare: isChar ? missing / (characters + 1 + missing) : measure.unknown / tokens,
    leftOut: Object.fromEntries(leftOut),
  };
}
