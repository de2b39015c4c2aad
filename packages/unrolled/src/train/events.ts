import type { LayerFlowReport } from '../inspect/gradient-flow.ts';
import type { Checkpoint } from './checkpoint.ts';

export type { LayerFlowReport };

/** What happens in a training run, in order. The trainer knows no listener. */
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
  /** Updates made before: 0, or more when a run goes on. */
  readonly step: number;
  /** The last step, where it is known. */
  readonly steps: number | null;
  /** How many numbers are learnt. */
  readonly parameters: number;
}

export interface ProgressEvent {
  readonly type: 'progress';
  readonly step: number;
  readonly steps: number | null;
  readonly epoch: number;
  /** Mean over the steps since the last progress event, in nats. */
  readonly loss: number;
  /** The last validation, if there was one. */
  readonly validationLoss: number | null;
  /** Norm of the last step's gradient before clipping, and the share of steps since the last event that were clipped. */
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
  /** Whether this is the best so far: by the loss, or by what the task holds to be better (F1, an error rate). */
  readonly best: boolean;
  /** What the task measures besides, by name. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export interface SampleEvent {
  readonly type: 'sample';
  readonly step: number;
  readonly text: string;
}

/** How far gradients reach back at this step of the training. */
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
  readonly secondsElapsed: number;
}
