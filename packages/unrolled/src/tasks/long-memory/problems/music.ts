import { FormatError } from '../../../errors.ts';
import type { Problem, SequenceBatch } from '../problem.ts';

/** A piece: for each step the MIDI notes that sound. */
export type Piece = readonly (readonly number[])[];

export interface MusicPieces {
  readonly train: readonly Piece[];
  readonly validation: readonly Piece[];
  readonly test: readonly Piece[];
}

/** The keys of a piano: MIDI notes 21 to 108. */
const keys = 88;
const lowest = 21;

const heldOutBatch = 16;

/**
 * Polyphonic music (Boulanger-Lewandowski, Bengio & Vincent 2012): from the notes of each step, those of the next are to be
 * predicted, as 88 independent keys. The metric is the binary cross-entropy summed over the keys, in nats, as a mean over
 * all steps of all pieces but each piece's first. Bai, Kolter & Koltun (2018) measure in this way.
 *
 * Chance is what each key's share of the training steps gives.
 */
export function musicProblem(pieces: MusicPieces): Problem {
  const { train, validation, test } = pieces;
  return {
    features: keys,
    outputs: keys,
    answers: 'bits',
    metric: { name: 'nats per step', better: 'lower', chance: lossOfShares(train, test), bar: null },
    count: null,
    training: {
      examples: train.length,
      pick: (indices) => batchOfPieces(Array.from(indices, (index) => train[index])),
    },
    *heldOut(_random, part) {
      const set = part === 'test' ? test : validation;
      for (let start = 0; start < set.length; start += heldOutBatch) {
        yield batchOfPieces(set.slice(start, start + heldOutBatch));
      }
    },
  };
}

/**
 * Reads pieces as the usual JSON holds them: `{ train, valid, test }`, each a list of pieces, each a list of steps, each a
 * list of MIDI notes.
 * @throws FormatError saying where it is not of this form
 */
export function parsePieces(json: unknown): MusicPieces {
  const part = (name: string): readonly Piece[] => {
    const list = (json as Record<string, unknown> | null)?.[name];
    if (!Array.isArray(list) || list.length === 0) {
      throw new FormatError(`music: the file has no list of pieces '${name}'; it needs train, valid and test`);
    }
    list.forEach((piece, index) => {
      checkPiece(piece, `${name}[${index}]`);
    });
    return list;
  };
  return { train: part('train'), validation: part('valid'), test: part('test') };
}

function checkPiece(piece: unknown, where: string): void {
  if (!Array.isArray(piece) || piece.length < 2) {
    throw new FormatError(`music: ${where} is not a list of at least two steps`);
  }
  piece.forEach((step, t) => {
    const fits = (note: unknown): boolean =>
      Number.isInteger(note) && (note as number) >= lowest && (note as number) < lowest + keys;
    if (!Array.isArray(step) || !step.every(fits)) {
      throw new FormatError(
        `music: ${where}[${t}] is not a list of MIDI notes from ${lowest} to ${lowest + keys - 1}: ${JSON.stringify(step)?.slice(0, 60)}`,
      );
    }
  });
}

function batchOfPieces(pieces: readonly Piece[]): SequenceBatch {
  const B = pieces.length;
  const lengths = pieces.map((piece) => piece.length - 1);
  const T = Math.max(...lengths);
  const inputs = new Float32Array(T * B * keys);
  const targets = new Float32Array(T * B * keys);
  pieces.forEach((piece, b) => {
    for (let t = 0; t < piece.length - 1; t++) {
      for (const note of piece[t]) inputs[(t * B + b) * keys + note - lowest] = 1;
      for (const note of piece[t + 1]) targets[(t * B + b) * keys + note - lowest] = 1;
    }
  });
  return { steps: T, batch: B, inputs, lengths, answered: T, targets };
}

function lossOfShares(train: readonly Piece[], test: readonly Piece[]): number {
  // As if each key had sounded once more and been silent once more: none is then impossible, or sure.
  const shares = countKeys(train).map((count) => (count + 1) / (stepsToForetell(train) + 2));
  const tested = countKeys(test).map((count) => count / stepsToForetell(test));
  return tested.reduce((sum, q, key) => sum - q * Math.log(shares[key]) - (1 - q) * Math.log(1 - shares[key]), 0);
}

const stepsToForetell = (pieces: readonly Piece[]): number => pieces.reduce((sum, piece) => sum + piece.length - 1, 0);

function countKeys(pieces: readonly Piece[]): number[] {
  const counts = new Array<number>(keys).fill(0);
  for (const piece of pieces)
    for (const step of piece.slice(1)) for (const note of new Set(step)) counts[note - lowest]++;
  return counts;
}
