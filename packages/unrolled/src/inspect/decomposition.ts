import { DataError } from '../errors.ts';

/** A square matrix, row-major. */
export interface SquareMatrix {
  readonly size: number;
  readonly data: ArrayLike<number>;
}

export interface Complex {
  readonly re: number;
  readonly im: number;
}

/**
 * Dense decompositions, passed in by the caller, since the library has none of its own: `decompositionBy` makes one from
 * ml-matrix.
 */
export interface Decomposition {
  /** Largest first. */
  singularValues(matrix: SquareMatrix): readonly number[];
  eigenvalues(matrix: SquareMatrix): readonly Complex[];
}

/** The part of the package ml-matrix that is used. */
export interface MatrixLibrary<Matrix> {
  readonly Matrix: { from1DArray(rows: number, columns: number, data: number[]): Matrix };
  readonly SingularValueDecomposition: new (
    matrix: Matrix,
    options: { computeLeftSingularVectors: boolean; computeRightSingularVectors: boolean },
  ) => { readonly diagonal: number[] };
  readonly EigenvalueDecomposition: new (
    matrix: Matrix,
  ) => { readonly realEigenvalues: number[]; readonly imaginaryEigenvalues: number[] };
}

/**
 * Decompositions by ml-matrix, which the caller loads.
 *
 * @example
 * const decomposition = decompositionBy(await import('ml-matrix'));
 */
export function decompositionBy<Matrix>(library: MatrixLibrary<Matrix>): Decomposition {
  const matrixOf = ({ size, data }: SquareMatrix) => library.Matrix.from1DArray(size, size, Array.from(data));
  return {
    singularValues(matrix) {
      const options = { computeLeftSingularVectors: false, computeRightSingularVectors: false };
      return new library.SingularValueDecomposition(matrixOf(matrix), options).diagonal;
    },
    eigenvalues(matrix) {
      const { realEigenvalues, imaginaryEigenvalues } = new library.EigenvalueDecomposition(matrixOf(matrix));
      return realEigenvalues.map((re, i) => ({ re, im: imaginaryEigenvalues[i] }));
    },
  };
}

export interface Spectrum {
  /** Largest first. */
  readonly singularValues: readonly number[];
  readonly eigenvalues: readonly Complex[];
}

/** @throws DataError if a number is not finite: some decompositions would never end */
export function spectrumOf(matrix: SquareMatrix, decomposition: Decomposition): Spectrum {
  const { size, data } = matrix;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new DataError(
        `spectrum: element ${i} of a matrix [${size}, ${size}] is ${data[i]}; take weights and states that are finite`,
        { size, element: i, value: data[i] },
      );
    }
  }
  return {
    singularValues: decomposition.singularValues(matrix),
    eigenvalues: decomposition.eigenvalues(matrix),
  };
}

/** Largest absolute value of the eigenvalues. */
export function spectralRadius({ eigenvalues }: Spectrum): number {
  return Math.max(0, ...eigenvalues.map(({ re, im }) => Math.hypot(re, im)));
}
