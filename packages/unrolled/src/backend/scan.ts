import type { BinaryOperation, Block, UnaryOperation } from './backend.ts';

/**
 * A program that runs once for each of T steps of time, over B rows that do not meet: what a recurrence is made of,
 * forward or backward. A step sees what an earlier one has written, since a place may be one slot later or earlier in an
 * array that has room for several steps.
 */
export interface Scan {
  readonly steps: number; // T
  readonly rows: number; // B
  /** Walk from the last step to the first. */
  readonly reverse: boolean;
  /** `[S, B, n]`, of which step t uses slot (t + shift) mod S; or `[n]`, the same for all steps and rows. */
  readonly arrays: readonly Block[];
  /** What products multiply with, the same at every step. */
  readonly matrices: readonly Block[];
  readonly program: readonly ScanInstruction[];
}

/** Columns from `column` on of an array. One that is 1 wide stands for as many equal columns as are wanted. */
export interface ScanPlace {
  readonly array: number;
  readonly shift: 0 | 1;
  readonly column: number;
}

export type ScanInstruction = ScanProduct | ScanPointwise;

/** out ← (or += where `accumulate`) left · matrix `[k, n]`, or left · matrixᵀ with the matrix stored `[n, k]`. */
export interface ScanProduct {
  readonly kind: 'product';
  readonly left: ScanPlace; // k columns
  readonly matrix: number;
  readonly transposed: boolean;
  readonly out: ScanPlace; // n columns
  readonly accumulate: boolean;
}

/** Instructions on `width` columns, each element by itself, one instruction after the other. */
export interface ScanPointwise {
  readonly kind: 'pointwise';
  readonly width: number;
  readonly code: readonly PointInstruction[];
}

export interface PointInstruction {
  readonly operation: PointOperation;
  readonly inputs: readonly PointOperand[];
  readonly out: PointOperand;
}

/** A place, or a register: `width` numbers that only this step of this instruction knows. */
export type PointOperand = ScanPlace | { readonly register: number };

/**
 * Operations on one, two or three numbers. `tanhGrad` and its like are (v, dy) → dy · f′, where v is y = f(x) or x: the
 * one `gradientReads` names.
 */
export type PointOperation = 'copy' | 'select' | UnaryOperation | BinaryOperation | `${UnaryOperation}Grad`;

/** Whether the gradient of a function of one number is worked out from x or from y = f(x). */
export const gradientReads: Readonly<Record<UnaryOperation, 'x' | 'y'>> = {
  neg: 'x',
  exp: 'y',
  log: 'x',
  sqrt: 'y',
  abs: 'x',
  square: 'x',
  reciprocal: 'y',
  sign: 'x',
  tanh: 'y',
  sigmoid: 'y',
  relu: 'y',
  softplus: 'x',
};
