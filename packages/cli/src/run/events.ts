import type { DoneEvent, GradientFlowEvent, ProgressEvent, TrainEvent, ValidationEvent } from 'unrolled/train';

/** A training event as written to events.jsonl and printed by --json: plain data. */
export type RunEvent =
  | {
      readonly type: 'start';
      readonly step: number;
      readonly steps: number | null;
      readonly parameters: number;
      readonly folder: string;
    }
  | (Omit<ProgressEvent, 'itemsPerSecond'> & ProgressUnits)
  | (ValidationEvent & ValidationUnits)
  | { readonly type: 'sample'; readonly step: number; readonly text: string }
  | GradientFlowEvent
  | {
      readonly type: 'checkpoint';
      readonly step: number;
      readonly path: string;
      readonly best: boolean;
      /** The file that stays, with --keep-checkpoints. */
      readonly kept?: string;
    }
  | DoneEvent;

export interface ProgressUnits {
  /** Of language models; with words, unknown ones are charged with their spelling. */
  readonly bitsPerCharacter?: number;
  readonly charactersPerSecond?: number;
  readonly examplesPerSecond?: number;
}

export interface ValidationUnits {
  readonly bitsPerCharacter?: number;
  /** Per token; only where tokens are words or byte pairs. */
  readonly perplexity?: number;
  /** Share of the tokens that are `<unk>`; only where tokens are words. */
  readonly unknownShare?: number;
}

/** Adds to a task's events the units that people count in. */
export interface Units {
  progress(event: ProgressEvent): ProgressUnits;
  validation(event: ValidationEvent): ValidationUnits;
}

/** For tasks that learn from examples. */
export const exampleUnits: Units = {
  progress: ({ itemsPerSecond }) => ({ examplesPerSecond: itemsPerSecond }),
  validation: () => ({}),
};

/**
 * @param folder  the run folder
 * @param files  the checkpoint's files, for a checkpoint event
 */
export function toRunEvent(
  event: TrainEvent,
  units: Units,
  folder: string,
  files: { readonly path: string; readonly kept?: string },
): RunEvent {
  switch (event.type) {
    case 'start':
      return { ...event, folder };
    case 'progress': {
      const { itemsPerSecond, ...rest } = event;
      return { ...rest, ...units.progress(event) };
    }
    case 'validation':
      return { ...event, ...units.validation(event) };
    case 'checkpoint':
      return { type: 'checkpoint', step: event.step, best: event.best, ...files };
    default:
      return event;
  }
}
