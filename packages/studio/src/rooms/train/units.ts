import { address } from '../../address.svelte.ts';

export interface Unit {
  /** In the address. */
  readonly id: string;
  readonly name: string;
  /** On axes and in tables. */
  readonly label: string;
  readonly logarithmic: boolean;
  /** From nats a character. */
  readonly of: (nats: number) => number;
}

export const units: readonly Unit[] = [
  { id: 'nats', name: 'nats', label: 'loss, nats a character', logarithmic: false, of: (nats) => nats },
  { id: 'bits', name: 'bits', label: 'loss, bits a character', logarithmic: false, of: (nats) => nats / Math.LN2 },
  { id: 'perplexity', name: 'perplexity', label: 'perplexity', logarithmic: true, of: Math.exp },
];

/** The unit that the address names. */
export const chosenUnit = (): Unit => units.find(({ id }) => id === address.get('unit')) ?? units[0];

/** What tables of n-grams know, by n. */
export const rungNames = [
  'all characters alike',
  'how frequent each is',
  '2-grams: the one before',
  '3-grams',
  '4-grams',
  '5-grams',
] as const;
