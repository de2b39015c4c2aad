import { type CellSource, cellNameOf, type StackOptions } from '../../nn/index.ts';
import type { ExperimentSettings } from './experiment.ts';
import type { LongMemoryTask } from './tasks.ts';

/** Settings with the cell's options apart. */
interface Settings extends Omit<ExperimentSettings, 'cell' | 'transformer'> {
  readonly options: Readonly<Record<string, unknown>>;
}

/** What differs from the common settings in a task, and within it by cell. */
interface TaskSettings extends Partial<Settings> {
  readonly cells?: Readonly<Record<string, Partial<Settings>>>;
}

const common: Settings = {
  hidden: 64,
  layers: 1,
  dropout: 0,
  batch: 32,
  optimizer: 'adam',
  learningRate: 2e-3,
  schedule: 'constant',
  clipNorm: 1,
  steps: 5000,
  validateEvery: 100,
  options: {},
};

/** What differs in a Transformer, in every task. */
const ofTransformers: Partial<Settings> = { hidden: 64, layers: 2, learningRate: 1e-3 };

/** Small batches: a step more teaches more here than a row more. */
const order: TaskSettings = {
  hidden: 32,
  batch: 16,
  learningRate: 5e-3,
  steps: 20_000,
  cells: { lstm: { options: { forgetBias: 3 } }, gru: { hidden: 64, batch: 20, learningRate: 1e-2 } },
};

/** Times of some rows of an image: an LSTM that begins with a memory of a few steps does not begin to learn. */
const rows = { options: { chrono: 100 } };
const digits: TaskSettings = {
  ...{ hidden: 96, dropout: 0.3, learningRate: 3e-3, schedule: 'cosine', steps: 6000, validateEvery: 250 },
  cells: { lstm: rows, gru: rows },
};

/** Found by trying. */
const tasks: Record<LongMemoryTask, TaskSettings> = {
  adding: {
    batch: 20,
    learningRate: 5e-3,
    steps: 10_000,
    cells: { gru: { learningRate: 1e-2 }, irnn: { hidden: 128, batch: 32, learningRate: 1e-3, steps: 20_000 } },
  },
  copying: {
    hidden: 128,
    batch: 16,
    learningRate: 5e-3,
    steps: 20_000,
    cells: { lstm: { options: { forgetBias: 3 } }, unitary: { hidden: 64, steps: 500, validateEvery: 25 } },
  },
  reber: { hidden: 32, batch: 20, learningRate: 1e-2, steps: 6000, validateEvery: 200 },
  'temporal-order-2': order,
  'temporal-order-3': order,
  parity: { batch: 64 },
  brackets: { batch: 64, steps: 8000 },
  digits,
  'permuted-digits': digits,
  music: {
    ...{ hidden: 150, dropout: 0.3, batch: 16, learningRate: 2e-3, steps: 1800, validateEvery: 75 },
    cells: { gru: { hidden: 500, dropout: 0.5, schedule: 'linear', steps: 1200 } },
  },
};

/** Default settings for a task and a cell. */
export function settingsFor(
  task: LongMemoryTask,
  cell: CellSource,
  said: Partial<Omit<Settings, 'options'>> = {},
): ExperimentSettings {
  const { cells = {}, ...byTask } = tasks[task];
  const { hidden, options, ...rest } = { ...common, ...byTask, ...cells[cellNameOf(cell)], ...said };
  return { ...rest, hidden, cell: typeof cell === 'string' ? { ...options, cell, hidden } : cell };
}

/**
 * Default settings for a task and a Transformer.
 * @param blocks  of the Transformer. Default: as many as `layers` says, with 4 heads and the settings' dropout
 */
export function transformerSettingsFor(
  task: LongMemoryTask,
  said: Partial<Omit<Settings, 'options'>> = {},
  blocks: Partial<StackOptions> = {},
): ExperimentSettings {
  const { cells: _, ...byTask } = tasks[task];
  const { options: __, ...settings } = { ...common, ...byTask, ...ofTransformers, ...said };
  const { layers, dropout } = settings;
  return { ...settings, transformer: { layers, heads: 4, dropout, ...blocks } };
}
