import { ConfigError } from '../errors.ts';
import type { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';

/**
 * Initial values of a parameter, as plain data. Fans: a weight `[out, in]` has fan-in `in` and fan-out `out`; a convolution's
 * `[out, in/groups, …kernel]` has the same times the size of its kernel, as in PyTorch.
 */
export type Initialiser =
  | { readonly kind: 'constant'; readonly value: number }
  /** Uniform in [−limit, limit). */
  | { readonly kind: 'uniform'; readonly limit: number }
  | { readonly kind: 'normal'; readonly deviation: number }
  /**
   * Uniform with limit √(6/(fan-in + fan-out)) (Glorot & Bengio 2010). With `floor` the limit is at least 1/√fan-in, PyTorch's
   * default for a linear layer, so that it does not shrink with the number of outputs: too small initial logits over a large
   * vocabulary leave a model at the unigram distribution for thousands of updates.
   */
  | { readonly kind: 'xavier'; readonly floor?: boolean }
  /** Normal with deviation √(2/fan-in) (He 2015), for relu. */
  | { readonly kind: 'he' }
  /** `gain` (default 1) on the diagonal of every square block of rows, else 0 (Le 2015, for relu recurrences). */
  | { readonly kind: 'identity'; readonly gain?: number }
  /** Rows or columns orthonormal in every square block of rows (Saxe 2014). */
  | { readonly kind: 'orthogonal'; readonly gain?: number }
  /**
   * Gate biases, as blocks of rows: sign · log u with a time scale u ~ U(1, steps − 1) for each unit and a sign of 1, −1 or 0
   * for each gate. A gate σ(log u) forgets over about u steps (Tallec & Ollivier 2018).
   */
  | { readonly kind: 'chrono'; readonly steps: number; readonly signs: readonly (-1 | 0 | 1)[] }
  /** Equal blocks of rows (gates), each with its own initialiser. */
  | { readonly kind: 'gates'; readonly gates: readonly Initialiser[] };

export const zeros: Initialiser = { kind: 'constant', value: 0 };
export const ones: Initialiser = { kind: 'constant', value: 1 };

/** Values for a parameter of `shape`, row-major. @throws ConfigError if the shape does not fit the kind */
export function initialise(initialiser: Initialiser, shape: Shape, random: Random): Float64Array {
  const values = new Float64Array(sizeOf(shape));
  const kernel = sizeOf(shape.slice(2));
  const [fanOut, fanIn] = [(shape[0] ?? 1) * kernel, (shape[1] ?? 1) * kernel];
  switch (initialiser.kind) {
    case 'constant':
      return values.fill(initialiser.value);
    case 'uniform':
      return values.map(() => (2 * random.uniform() - 1) * initialiser.limit);
    case 'normal':
      return values.map(() => random.normal() * initialiser.deviation);
    case 'xavier': {
      const glorot = Math.sqrt(6 / (fanIn + fanOut));
      const limit = initialiser.floor ? Math.max(glorot, 1 / Math.sqrt(fanIn)) : glorot;
      return values.map(() => (2 * random.uniform() - 1) * limit);
    }
    case 'he':
      return values.map(() => random.normal() * Math.sqrt(2 / fanIn));
    case 'identity':
      requireMatrix(initialiser.kind, shape);
      for (let row = 0; row < fanOut; row++) values[row * fanIn + (row % fanIn)] = initialiser.gain ?? 1;
      return values;
    case 'orthogonal': {
      requireMatrix(initialiser.kind, shape);
      for (let row = 0; row < fanOut; row += fanIn) {
        const rows = Math.min(fanIn, fanOut - row);
        fillOrthonormalRows(values.subarray(row * fanIn, (row + rows) * fanIn), fanIn, random, initialiser.gain ?? 1);
      }
      return values;
    }
    case 'chrono': {
      const { steps, signs } = initialiser;
      if (!(steps >= 3)) {
        throw new ConfigError(`initialise: chrono takes a number of steps from 3, received ${steps}`, { steps });
      }
      const times = new Float64Array(rowsOfGate(shape, signs.length)).map(() => 1 + random.uniform() * (steps - 2));
      return values.map((_, row) => signs[Math.floor(row / times.length)] * Math.log(times[row % times.length]));
    }
    case 'gates': {
      const inner = [rowsOfGate(shape, initialiser.gates.length), ...shape.slice(1)];
      initialiser.gates.forEach((gate, index) => {
        values.set(initialise(gate, inner, random), index * sizeOf(inner));
      });
      return values;
    }
  }
}

/** @throws ConfigError if the rows cannot be divided evenly among the gates */
function rowsOfGate(shape: Shape, gates: number): number {
  const rows = (shape[0] ?? 1) / gates;
  if (!Number.isInteger(rows)) {
    throw new ConfigError(`initialise: ${shape[0]} rows do not divide into ${gates} gates`, { shape });
  }
  return rows;
}

function requireMatrix(kind: string, shape: Shape): void {
  if (shape.length !== 2) {
    throw new ConfigError(`initialise: '${kind}' is for matrices, received ${shape.length} axes`, { shape });
  }
}

/** Gram–Schmidt on normal rows, twice per row, so that they are orthogonal up to rounding. */
function fillOrthonormalRows(values: Float64Array, width: number, random: Random, gain: number): void {
  const rows = values.length / width;
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * width, (i + 1) * width);
    for (let n = 0; n < width; n++) row[n] = random.normal();
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = values.subarray(j * width, (j + 1) * width);
        let dot = 0;
        for (let n = 0; n < width; n++) dot += row[n] * other[n];
        for (let n = 0; n < width; n++) row[n] -= dot * other[n];
      }
      let norm = 0;
      for (let n = 0; n < width; n++) norm += row[n] * row[n];
      norm = Math.sqrt(norm);
      for (let n = 0; n < width; n++) row[n] /= norm;
    }
  }
  if (gain !== 1) for (let n = 0; n < values.length; n++) values[n] *= gain;
}
