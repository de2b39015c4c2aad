import type { GradientFlowEvent, TrainEvent } from 'unrolled/train';
import type { Units } from './units.ts';

/** A training event as it is written to events.jsonl and printed by --json: plain data, in characters. */
export type RunEvent =
  | {
      readonly type: 'start';
      readonly step: number;
      readonly steps: number | null;
      readonly parameters: number;
      readonly folder: string;
    }
  | {
      readonly type: 'progress';
      readonly step: number;
      readonly steps: number | null;
      readonly epoch: number;
      /** Nats a token, as the validation loss. */
      readonly loss: number;
      readonly bitsPerCharacter: number;
      readonly validationLoss: number | null;
      readonly gradientNorm: number;
      readonly clipped: number;
      readonly learningRate: number;
      readonly charactersPerSecond: number;
      readonly secondsElapsed: number;
      readonly secondsLeft: number | null;
    }
  | {
      readonly type: 'validation';
      readonly step: number;
      readonly loss: number;
      readonly bitsPerCharacter: number;
      /** Of a token; only where tokens are words or byte pairs. */
      readonly perplexity?: number;
      readonly best: boolean;
    }
  | { readonly type: 'sample'; readonly step: number; readonly text: string }
  | GradientFlowEvent
  | { readonly type: 'checkpoint'; readonly step: number; readonly path: string; readonly best: boolean }
  | {
      readonly type: 'done';
      readonly step: number;
      readonly reason: 'finished' | 'aborted';
      readonly loss: number | null;
      readonly validationLoss: number | null;
      readonly bestValidationLoss: number | null;
      readonly secondsElapsed: number;
    };

/** @param folder  of the run; @param path  of the checkpoint, for a checkpoint event */
export function toRunEvent(event: TrainEvent, units: Units, folder: string, path: string): RunEvent {
  switch (event.type) {
    case 'start':
      return { ...event, folder };
    case 'progress': {
      const { itemsPerSecond, ...rest } = event;
      return {
        ...rest,
        bitsPerCharacter: units.bitsPerCharacter(event.loss),
        charactersPerSecond: units.charactersPerSecond(itemsPerSecond),
      };
    }
    case 'validation':
      return { ...event, bitsPerCharacter: units.bitsPerCharacter(event.loss), ...units.perplexity(event.loss) };
    case 'checkpoint':
      return { type: 'checkpoint', step: event.step, path, best: event.best };
    default:
      return event;
  }
}
