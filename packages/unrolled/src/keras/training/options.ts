import { anything, callback as callbackKind, count, flag, number, oneOf, requireOptions, whole } from '../../checks.ts';
import type { NumberArray } from '../arrays.ts';
import type { Callback } from '../callbacks/callback.ts';
import type { OutputForm } from '../model.ts';
import type { SymbolicTensor } from '../symbolic.ts';
import type { ModelData } from './data.ts';
import type { BatchStream, FitBatch } from './sources.ts';

/** Arrays, or batches from an asynchronous iterable. */
export type FitData = ModelData | BatchStream;

interface BatchOptions {
  /** Samples in a batch. Default 32. */
  readonly batchSize?: number | undefined;
  /** 0: nothing is printed; 1: a progress bar in a terminal, else a line for each epoch; 2: a line for each epoch. Default 'auto': 1. */
  readonly verbose?: 0 | 1 | 2 | 'auto' | undefined;
  /** Receives what would be printed. Default: the terminal, or the console. */
  readonly log?: ((text: string) => void) | undefined;
}

export interface FitOptions extends BatchOptions {
  /** The epoch at which training ends. Default 1. */
  readonly epochs?: number | undefined;
  /** The epoch at which it begins, where a training before goes on. Default 0. */
  readonly initialEpoch?: number | undefined;
  /** Batches that make an epoch; the next epoch goes on where this one ended. Default: all of the data. */
  readonly stepsPerEpoch?: number | undefined;
  /** The share of the samples, from the end, that is held out for validation. Default 0. */
  readonly validationSplit?: number | undefined;
  /** [x, y] or [x, y, sampleWeight], or batches. */
  readonly validationData?: FitBatch | BatchStream | undefined;
  /** Default: the batch size. */
  readonly validationBatchSize?: number | undefined;
  /** Batches of a validation. Default: all. */
  readonly validationSteps?: number | undefined;
  /** Epochs between validations, or those after which there is one, counted from 1. Default 1. */
  readonly validationFreq?: number | readonly number[] | undefined;
  /** Another order in every epoch. Default true. Batches of an iterable come as they are. */
  readonly shuffle?: boolean | undefined;
  /** Factors of the loss of samples by their class, in training. */
  readonly classWeight?: Readonly<Record<number, number>> | undefined;
  /** Factors of the losses of samples `[B]`, or of their steps `[B, T]`; in validation too. */
  readonly sampleWeight?: ModelData | undefined;
  readonly callbacks?: readonly Callback[] | undefined;
}

export interface EvaluateOptions extends BatchOptions {
  readonly sampleWeight?: ModelData | undefined;
  /** Batches; of an iterable. Default: all. */
  readonly steps?: number | undefined;
  readonly callbacks?: readonly Callback[] | undefined;
}

export interface PredictOptions {
  /** Default 32. */
  readonly batchSize?: number | undefined;
}

/** Arrays in the form of a model's outputs. */
export type Predicted<Out> = Out extends SymbolicTensor
  ? NumberArray
  : Out extends readonly unknown[]
    ? readonly NumberArray[]
    : Out extends OutputForm
      ? { readonly [Name in keyof Out]: NumberArray }
      : NumberArray;

export const batchKinds = {
  batchSize: count,
  verbose: { ...oneOf(['0', '1', '2', 'auto']), fits: (v: unknown) => [0, 1, 2, 'auto'].includes(v as never) },
  log: callbackKind,
};

/** @throws ConfigError on an unknown option, or a value that cannot work */
export function requireFit(options: FitOptions): void {
  requireOptions<FitOptions>('fit', options, {
    ...batchKinds,
    epochs: count,
    initialEpoch: whole(),
    stepsPerEpoch: count,
    validationSplit: number({ from: 0, below: 1 }),
    validationData: anything,
    validationBatchSize: count,
    validationSteps: count,
    validationFreq: {
      must: 'a whole number from 1, or a list of epochs',
      fits: (n) => [n].flat().every((one) => count.fits(one)),
    },
    shuffle: flag,
    classWeight: anything,
    sampleWeight: anything,
    callbacks: { must: 'a list of callbacks', fits: Array.isArray },
  });
}
