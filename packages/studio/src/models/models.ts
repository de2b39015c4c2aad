/** Columns of numbers. */
export interface SeriesExample {
  readonly columns: Readonly<Record<string, readonly number[]>>;
}

/** A model that tools/studio-models.ts trained. */
export interface ShippedModel {
  /** In the address. */
  readonly id: string;
  readonly name: string;
  readonly task: string;
  /** What it learned from. */
  readonly about: string;
  /** Its file in the repository, for commands. */
  readonly path: string;
  /** Its file in the page. */
  readonly file: () => Promise<{ readonly default: string }>;
  /** As JSON: of a language model how it was trained, of any other inputs to try. */
  readonly record: () => Promise<{ readonly default: string }>;
  /** The text it learned, and what the command would call it. */
  readonly text?: () => Promise<string>;
  readonly textName?: string;
}

const folder = 'packages/studio/src/models';
const typescript = {
  task: 'language-model',
  about: 'learned the TypeScript of this library’s cells, character by character',
  text: async () => (await import('../texts/code.ts')).default,
  textName: 'packages/unrolled/src/nn/cells',
} as const;

export const shippedModels: readonly ShippedModel[] = [
  {
    ...typescript,
    id: 'ready-lstm',
    name: 'Ready-made LSTM',
    path: `${folder}/typescript-lstm.safetensors`,
    file: () => import('./typescript-lstm.safetensors?url'),
    record: () => import('./typescript-lstm.json?raw'),
  },
  {
    ...typescript,
    id: 'ready-rnn',
    name: 'Ready-made RNN',
    path: `${folder}/typescript-rnn.safetensors`,
    file: () => import('./typescript-rnn.safetensors?url'),
    record: () => import('./typescript-rnn.json?raw'),
  },
  {
    id: 'ready-dates',
    name: 'Ready-made: dates',
    task: 'translate',
    about: 'learned to write dates as 2017-03-04 from 20,000 generated pairs',
    path: `${folder}/dates.safetensors`,
    file: () => import('./dates.safetensors?url'),
    record: () => import('./dates.json?raw'),
  },
  {
    id: 'ready-languages',
    name: 'Ready-made: languages',
    task: 'classify',
    about: 'learned five languages from some 120 everyday words of each',
    path: `${folder}/languages.safetensors`,
    file: () => import('./languages.safetensors?url'),
    record: () => import('./languages.json?raw'),
  },
  {
    id: 'ready-names',
    name: 'Ready-made: names',
    task: 'tag',
    about: 'learned people and places from 2,800 generated sentences',
    path: `${folder}/names.safetensors`,
    file: () => import('./names.safetensors?url'),
    record: () => import('./names.json?raw'),
  },
  {
    id: 'ready-demand',
    name: 'Ready-made: hourly demand',
    task: 'forecast',
    about: 'learned a generated series with days, weeks and noise, one number an hour',
    path: `${folder}/demand.safetensors`,
    file: () => import('./demand.safetensors?url'),
    record: () => import('./demand.json?raw'),
  },
];
