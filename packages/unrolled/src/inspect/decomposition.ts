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

export function spectrumOf(matrix: SquareMatrix, decomposition: Decomposition): Spectrum {
  return {
    singularValues: decomposition.singularValues(matrix),
    eigenvalues: decomposition.eigenvalues(matrix),
  };
}

/** Largest absolute value of the eigenvalues. */
export function spectralRadius({ eigenvalues }: Spectrum): number {
  return Math.max(0, ...eigenvalues.map(({ re, im }) => Math.hypot(re, im)));
}
