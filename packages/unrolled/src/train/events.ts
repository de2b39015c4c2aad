import type { LayerFlowReport } from '../inspect/gradient-flow.ts';
import type { Checkpoint } from './checkpoint.ts';

export type { LayerFlowReport };

/** What happens in a training run, in order. */
export type TrainEvent =
  | StartEvent
  | ProgressEvent
  | ValidationEvent
  | SampleEvent
  | GradientFlowEvent
  | CheckpointEvent
  | DoneEvent;

export interface StartEvent {
  readonly type: 'start';
  /** Steps already taken: 0, or more when a run is resumed. */
  readonly step: number;
  /** The last step, where known. */
  readonly steps: number | null;
  /** Number of trainable values. */
  readonly parameters: number;
}

export interface ProgressEvent {
  readonly type: 'progress';
  readonly step: number;
  readonly steps: number | null;
  readonly epoch: number;
  /** Mean training loss since the last progress event, in nats. */
  readonly loss: number;
  /** The last validation loss, if any. */
  readonly validationLoss: number | null;
  /** Norm of the last step's gradient before clipping, and the fraction of steps clipped since the last event. */
  readonly gradientNorm: number;
  readonly clipped: number;
  readonly learningRate: number;
  readonly itemsPerSecond: number;
  readonly secondsElapsed: number;
  readonly secondsLeft: number | null;
}

export interface ValidationEvent {
  readonly type: 'validation';
  readonly step: number;
  readonly loss: number;
  /** Whether this is the best so far, by the loss or by the task's own measure (F1, an error rate). Never when diverged. */
  readonly best: boolean;
  /** Whether the loss is not finite, or far above that of guessing. */
  readonly diverged: boolean;
  /** Further measures by name. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export interface SampleEvent {
  readonly type: 'sample';
  readonly step: number;
  readonly text: string;
}

/** How far gradients reach back at this step. */
export interface GradientFlowEvent {
  readonly type: 'gradient-flow';
  readonly step: number;
  readonly layers: readonly LayerFlowReport[];
}

export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  /** Whether this is the best validation so far. */
  readonly best: boolean;
  readonly checkpoint: Checkpoint;
}

export interface DoneEvent {
  readonly type: 'done';
  readonly step: number;
  readonly reason: 'finished' | 'aborted';
  readonly loss: number | null;
  readonly validationLoss: number | null;
  readonly bestValidationLoss: number | null;
  /** Whether the last validation had diverged. */
  readonly diverged: boolean;
  readonly secondsElapsed: number;
}
