import type { RunSpec } from '../protocol.ts';

export interface BuiltInText {
  /** In the address. */
  readonly id: string;
  readonly title: string;
  /** As the command would call it. */
  readonly file: string;
  readonly load: () => Promise<string>;
  /** What learns it in a minute or so. */
  readonly defaults: RunSpec;
}

const small: RunSpec = {
  cell: 'rnn',
  hidden: 8,
  layers: 1,
  embedding: 4,
  dropout: 0,
  optimizer: 'adam',
  lr: 0.01,
  schedule: 'constant',
  clipNorm: 1,
  batch: 1,
  seq: 4,
  seed: 5,
  steps: 300,
};

/** For texts of thousands of characters. */
export const ordinary: RunSpec = {
  ...small,
  cell: 'lstm',
  hidden: 128,
  embedding: 32,
  lr: 0.005,
  batch: 16,
  seq: 48,
  seed: 1,
  steps: 2000,
};

export const texts: readonly BuiltInText[] = [
  { id: 'hello', title: '“hello”', file: 'hello.txt', load: async () => 'hello', defaults: small },
  {
    id: 'sonnets',
    title: 'Sonnets',
    file: 'sonnets.txt',
    load: async () => (await import('./sonnets.txt?raw')).default,
    defaults: { ...ordinary, batch: 8 },
  },
  {
    id: 'code',
    title: 'TypeScript',
    file: 'packages/unrolled/src/nn/cells',
    load: async () => (await import('./code.ts')).default,
    defaults: ordinary,
  },
];
