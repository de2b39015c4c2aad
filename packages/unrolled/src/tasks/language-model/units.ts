import type { Property } from '../../inspect/properties/property.ts';
import { type ActivationOptions, unitActivations } from '../../inspect/units/activations.ts';
import type { Labels } from '../../inspect/units/labels.ts';
import type { Reading } from '../../inspect/units/reading.ts';
import { type SearchOptions, searchUnits, type UnitSearch } from '../../inspect/units/search.ts';
import type { Unit } from '../../inspect/units/unit.ts';
import type { StopSignal } from '../../signal.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { breathe } from '../../train/breathe.ts';
import type { LanguageModel } from './model.ts';

/** A text as read by a language model, for the functions on units in `unrolled/inspect`. */
export function readTokens(model: LanguageModel, tokens: Int32Array): Reading {
  return {
    device: model.device,
    steps: tokens.length,
    read(places, shape, state, probe) {
      const ids = places.map((place) => tokens[place]);
      return model.read(model.device.ids(ids, shape), { state, probe });
    },
  };
}

/** A property at every token: after the last of its characters. */
export function labelTokens(tokenizer: Tokenizer, tokens: Int32Array, property: Property): Labels {
  const decode = tokenizer.decoder();
  const characters: string[] = [];
  const ends = Int32Array.from(tokens, (id) => {
    for (const character of decode(id)) characters.push(character);
    return characters.length - 1;
  });
  const values = property.of(characters);
  return { name: property.name, kind: property.kind, values: Float32Array.from(ends, (end) => values[end] ?? 0) };
}

export interface FindUnitsOptions extends SearchOptions {
  /** Called with the share of the text that has been read. */
  readonly onProgress?: (share: number) => void;
  readonly signal?: StopSignal | undefined;
}

/**
 * Finds the hidden units of a language model that follow properties of a text, best first; see `searchUnits`. Yields to the
 * surrounding program in between.
 * @param properties  or their labels where they are known, such as those of a part of a longer text
 * @returns one result a property
 * @throws DataError if the text is too short, or a property does not change in it; the signal's reason if it is aborted
 *
 * @example
 * const [quotes] = await findUnits(model, model.tokenizer.encode(text), [parseProperty('quotes')]);
 * quotes.units[0];   // { name: 'l1.c.17', sign: 1, selection: 0.99, heldOut: 0.98, p: 0.005, … }
 */
export async function findUnits(
  model: LanguageModel,
  tokens: Int32Array,
  properties: readonly (Property | Labels)[],
  options: FindUnitsOptions = {},
): Promise<UnitSearch[]> {
  const labels = properties.map((one) => ('values' in one ? one : labelTokens(model.tokenizer, tokens, one)));
  const search = searchUnits(readTokens(model, tokens), labels, options);
  for (;;) {
    const { done, value } = await search.next();
    if (done) return value;
    options.onProgress?.(value);
    await breathe(options.signal);
  }
}

/** A token of a text with the values of units after it. */
export interface TracedToken {
  readonly piece: string;
  readonly values: readonly number[];
}

/**
 * The values of some units along a span of a text, to colour it.
 *
 * @example
 * const span = await traceUnits(model, tokens, [parseUnitName('l1.c.17')], { from: 1000, to: 1400 });
 */
export async function traceUnits(
  model: LanguageModel,
  tokens: Int32Array,
  units: readonly Unit[],
  options: ActivationOptions = {},
): Promise<TracedToken[]> {
  const { from = 0 } = options;
  const traces = await unitActivations(readTokens(model, tokens), units, options);
  const decode = model.tokenizer.decoder();
  return Array.from(traces[0] ?? [], (_, i) => ({
    piece: decode(tokens[from + i]),
    values: traces.map((values) => values[i]),
  }));
}
