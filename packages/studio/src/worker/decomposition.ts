import type { Decomposition, SquareMatrix } from 'unrolled/inspect';

/** Dense decompositions by ml-matrix, which is loaded when they are asked for. */
export async function loadDecomposition(): Promise<Decomposition> {
  const { EigenvalueDecomposition, Matrix, SingularValueDecomposition } = await import('ml-matrix');
  const matrixOf = ({ size, data }: SquareMatrix) => Matrix.from1DArray(size, size, Array.from(data));
  return {
    singularValues(matrix) {
      const options = { computeLeftSingularVectors: false, computeRightSingularVectors: false };
      return new SingularValueDecomposition(matrixOf(matrix), options).diagonal;
    },
    eigenvalues(matrix) {
      const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(matrixOf(matrix));
      return realEigenvalues.map((re, i) => ({ re, im: imaginaryEigenvalues[i] }));
    },
  };
}
