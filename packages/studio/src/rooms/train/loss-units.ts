import { address } from '../../address.svelte.ts';
import type { Run } from '../../run/run.svelte.ts';

export interface Unit {
  /** In the address. */
  readonly id: string;
  readonly name: string;
  /** On axes and in tables. */
  readonly label: string;
  readonly logarithmic: boolean;
  /** From nats a token. */
  readonly of: (nats: number) => number;
}

const nats = (label: string): Unit => ({ id: 'nats', name: 'nats', label, logarithmic: false, of: (loss) => loss });

/** The units in which the losses of language models can be read. */
function unitsOf(token: string): readonly Unit[] {
  return [
    nats(`loss, nats per ${token}`),
    { id: 'bits', name: 'bits', label: `loss, bits per ${token}`, logarithmic: false, of: (loss) => loss / Math.LN2 },
    { id: 'perplexity', name: 'perplexity', label: `perplexity per ${token}`, logarithmic: true, of: Math.exp },
  ];
}

/** The units to choose from for runs of one task: only a language model's loss has several. */
export function unitsFor(runs: readonly Run[]): readonly Unit[] {
  if (runs.some(({ task }) => task !== 'language-model')) return [nats('loss')];
  const tokens = new Set(runs.map(({ token }) => token));
  return unitsOf(tokens.size === 1 ? [...tokens][0] : tokens.size === 0 ? 'character' : 'token');
}

/** The unit that the address names. */
export function chosenUnit(runs: readonly Run[]): Unit {
  const units = unitsFor(runs);
  return units.find(({ id }) => id === address.get('unit')) ?? units[0];
}

/** What tables of n-grams know, by n. */
export const rungNames = [
  'all characters equally likely',
  'character frequencies',
  '2-grams: the character before',
  '3-grams',
  '4-grams',
  '5-grams',
] as const;
