import type { BinaryOperation, Block, UnaryOperation } from './backend.ts';

/**
 * A program that runs once for each of T time steps over B independent rows: the forward or backward pass of a recurrence.
 * Steps communicate through arrays with several slots: a place may be in the slot of an earlier or later step.
 */
export interface Scan {
  readonly steps: number; // T
  readonly rows: number; // B
  /** Run from the last step to the first. */
  readonly reverse: boolean;
  /** `[S, B, n]`, of which step t uses slot (t + shift) mod S; or `[n]`, the same for all steps and rows. */
  readonly arrays: readonly Block[];
  /** The right-hand matrices of products, the same at every step. */
  readonly matrices: readonly Block[];
  readonly program: readonly ScanInstruction[];
}

/** Columns from `column` on of an array. A place 1 wide is broadcast along columns. */
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

/** Elementwise instructions on `width` columns, run in sequence. */
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

/** A place, or a register: `width` numbers local to one step of this instruction. */
export type PointOperand = ScanPlace | { readonly register: number };

/**
 * Operations on one, two or three numbers. `tanhGrad` and similar ones are (v, dy) → dy · f′, where v is y = f(x) or
 * x, see `gradientReads`.
 */
export type PointOperation = 'copy' | 'select' | UnaryOperation | BinaryOperation | `${UnaryOperation}Grad`;

/** Whether the gradient of a unary function is computed from x or from y = f(x). */
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
  relu6: 'y',
  gelu: 'x',
  geluTanh: 'x',
  silu: 'x',
};
