import type { Device } from 'unrolled';
import type { Evaluator, Measures, Scored, SearchSpace } from 'unrolled/search';
import type { SourceFile } from '../input/source-files.ts';
import type { WorkerSetup } from './protocol.ts';

/** Options of every search, stored in config.json. */
export interface CommonOptions {
  method: 'controller' | 'random';
  /** Candidates to evaluate. */
  candidates: number;
  /** Of all candidates together. Default: no limit. */
  totalSeconds?: number;
  /** Candidates drawn for one update of the controller. */
  round: number;
  controllerHidden: number;
  controllerLr: number;
  entropy: number;
  seed: number;
  /** Of the training of a candidate: one of them ends it. */
  steps?: number;
  seconds?: number;
  batch: number;
  lr: number;
}

/** What is searched for, with everything that depends on it. */
export interface Prepared {
  readonly what: 'cell' | 'block';
  readonly files: readonly SourceFile[];
  readonly space: SearchSpace;
  readonly setup: WorkerSetup;
  /** Lines about the data and the candidates. */
  readonly about: readonly string[];
  /** Evaluates candidates by weights that they share, before the best are trained alone. Default: none are shared. */
  readonly shared?: ((device: Device) => Evaluator) | undefined;
  /** What a table says of a candidate. */
  readonly columns: readonly { readonly name: string; readonly of: (measures: Measures) => string }[];
  /** The best candidate, in files by their names. */
  write(best: Scored, command: string): Readonly<Record<string, string>>;
  /** What to do with it, a line. */
  next(folder: string): string;
}
