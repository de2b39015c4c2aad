import { InvalidArgumentError } from 'commander';
import { parseUnitName, type UnitSearch, unitName } from 'unrolled/inspect';
import type { LayerUnit } from 'unrolled/nn';
import { evaluateLanguageModel, generateText, type LanguageModel } from 'unrolled/tasks/language-model';
import { Failure } from '../failure.ts';

/** A unit to hold at a value. */
export interface Held {
  /** The unit's name, or 'best'. */
  readonly name: string;
  readonly value: number;
}

/** `l1.h.17=0.5`, collected. */
export function heldAt(text: string, before: readonly Held[] = []): Held[] {
  const [, name, number] = /^(.*)=(.*)$/.exec(text) ?? [];
  const value = Number(number);
  if (name === undefined || number.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be a unit and a number, such as l1.h.17=0.5.');
  }
  return [...before, { name, value }];
}

export const cut = (name: string, before: readonly Held[] = []): Held[] => [...before, { name, value: 0 }];

/** @throws Failure if 'best' is asked for and there is none, or a gate is named */
export function unitsOf(held: readonly Held[], model: LanguageModel, searches: readonly UnitSearch[]): LayerUnit[] {
  const parts = Object.keys(model.initialState(1)[0]);
  return held.map(({ name, value }) => {
    const unit = name === 'best' ? searches[0]?.units[0] : parseUnitName(name);
    if (!unit)
      throw new Failure(
        "there is no best unit to hold: no property changes in the text; name a unit, such as 'l0.h.3'",
        2,
      );
    if (!parts.includes(unit.part)) {
      throw new Failure(
        `${unitName(unit)}: only units of the state can be held, in this model those of ${parts.join(' and ')}`,
        2,
      );
    }
    return { layer: unit.layer, part: unit.part, unit: unit.unit, value };
  });
}

/** The model unchanged, and with units held at values. */
export interface Comparison {
  readonly held: readonly { readonly name: string; readonly value: number }[];
  /** Nats per token. */
  readonly loss: { readonly before: number; readonly after: number };
  readonly prompt: string;
  /** Text generated after the prompt, with the same random numbers. */
  readonly text: { readonly before: string; readonly after: string };
}

export async function compareHeld(
  model: LanguageModel,
  tokens: Int32Array,
  hold: readonly LayerUnit[],
  options: { readonly prompt: string; readonly length: number; readonly seed: number; readonly temperature: number },
): Promise<Comparison> {
  const loss = async (units: readonly LayerUnit[]) =>
    (await evaluateLanguageModel(model, tokens, { hold: units })).loss;
  const text = (units: readonly LayerUnit[]) => generateText(model, { ...options, hold: units });
  return {
    held: hold.map((unit) => ({ name: unitName(unit), value: unit.value })),
    loss: { before: await loss([]), after: await loss(hold) },
    prompt: options.prompt,
    text: { before: await text([]), after: await text(hold) },
  };
}
