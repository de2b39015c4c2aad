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
 * Dense decompositions, given by whoever asks for spectra: this library has none of its own, good ones exist. With
 * ml-matrix, for example:
 *
 * @example
 * import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix';
 * const decomposition = {
 *   singularValues: ({ size, data }) =>
 *     new SingularValueDecomposition(Matrix.from1DArray(size, size, data)).diagonal,
 *   eigenvalues({ size, data }) {
 *     const { realEigenvalues, imaginaryEigenvalues } =
 *       new EigenvalueDecomposition(Matrix.from1DArray(size, size, data));
 *     return realEigenvalues.map((re, i) => ({ re, im: imaginaryEigenvalues[i] }));
 *   },
 * };
 */
export interface Decomposition {
  /** Largest first. */
  singularValues(matrix: SquareMatrix): readonly number[];
  eigenvalues(matrix: SquareMatrix): readonly Complex[];
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
