import { Option } from 'commander';
import { option, whole } from './parse.ts';

/** The checkpoints of a run; where no one is named, the first of them that exists is used. */
export const checkpointNames = ['best', 'latest', 'previous'] as const;
export type CheckpointName = (typeof checkpointNames)[number];

/** Flags of every command that uses a trained model. */
export interface UseFlags {
  checkpoint?: CheckpointName;
  json?: boolean;
  threads?: number;
  blas?: string;
}

export const checkpointOption = (): Option =>
  new Option('--checkpoint <name>', 'checkpoint to use (default: best)').choices(checkpointNames);

/** The options of every command that uses a trained model. */
export const useOptions = (): Option[] => [
  checkpointOption(),
  new Option('--json', 'print JSON'),
  threadsOption(),
  blasOption(),
];

/** Not stored with a run: the number of threads does not change results. */
export const threadsOption = (): Option =>
  option('--threads <n>', 'threads to use (default: one per core, at most 8)', whole(1, 64));

/** Stored with a run: a BLAS changes the last bits of results. */
export const blasOption = (byDefault = 'off'): Option =>
  new Option('--blas <which>', `multiply matrices with a BLAS library: auto, off or its path (default ${byDefault})`);
