import type { ExperimentSettings } from './experiment.ts';
import type { LongMemoryTask } from './tasks.ts';

/** Settings by plain numbers and names, and options of the cell besides its width. */
interface Settings extends Omit<ExperimentSettings, 'cell' | 'seconds' | 'bar'> {
  readonly hidden: number;
  readonly options: Readonly<Record<string, unknown>>;
}

const common: Settings = {
  hidden: 128,
  layers: 1,
  dropout: 0,
  batch: 64,
  optimizer: 'adam',
  learningRate: 2e-3,
  schedule: 'constant',
  clipNorm: 1,
  steps: 5000,
  validateEvery: 100,
  options: {},
};

/** What differs from the common settings by task, and in a task by cell. Found by trying. */
const tasks: Record<
  LongMemoryTask,
  Partial<Settings> & { readonly cells?: Readonly<Record<string, Partial<Settings>>> }
> = {
  adding: {},
  copying: {},
  reber: { hidden: 32 },
  'temporal-order-2': {},
  'temporal-order-3': {},
  parity: {},
  brackets: {},
  digits: {},
  'permuted-digits': {},
  music: {},
};

/** The settings a task is learnt with by a cell where nothing else is said. */
export function settingsFor(
  task: LongMemoryTask,
  cell: string,
  said: Partial<Omit<Settings, 'options'>> = {},
): ExperimentSettings {
  const { cells = {}, ...byTask } = tasks[task];
  const { hidden, options, ...rest } = { ...common, ...byTask, ...cells[cell], ...said };
  return { ...rest, cell: { ...options, cell, hidden } };
}
