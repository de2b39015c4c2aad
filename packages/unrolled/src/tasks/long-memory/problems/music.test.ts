import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../random.ts';
import { musicProblem, type Piece, parsePieces } from './music.ts';

describe('music', () => {
  const pieces = fc.array(
    fc.array(fc.uniqueArray(fc.integer({ min: 21, max: 108 }), { maxLength: 4 }), { minLength: 2, maxLength: 9 }),
    {
      minLength: 1,
      maxLength: 5,
    },
  );
  const notesAt = (values: ArrayLike<number>, step: number): number[] =>
    Array.from({ length: 88 }, (_, key) => key + 21).filter((note) => values[step * 88 + note - 21] === 1);

  test('shows the notes of each step and wants those of the next', () => {
    fc.assert(
      fc.property(pieces, (train: Piece[]) => {
        const { training } = musicProblem({ train, validation: train, test: train });
        if (training.examples === null) throw new Error('music is examples');
        const { inputs, targets, batch, lengths } = training.pick(
          train.map((_, i) => i),
          new Random(1),
        );
        train.forEach((piece, b) => {
          expect(lengths![b]).toBe(piece.length - 1);
          for (let t = 0; t < piece.length - 1; t++) {
            expect(notesAt(inputs, t * batch + b)).toEqual([...piece[t]].sort((x, y) => x - y));
            expect(notesAt(targets as Float32Array, t * batch + b)).toEqual([...piece[t + 1]].sort((x, y) => x - y));
          }
        });
      }),
    );
  });

  test('has as chance level the loss of answering each key by its share', () => {
    // 60 sounds in half of the 98 steps that are wanted, all others never.
    const piece = Array.from({ length: 99 }, (_, t) => (t % 2 === 1 ? [60] : []));
    const { metric } = musicProblem({ train: [piece], validation: [piece], test: [piece] });
    expect(metric.chance).toBeCloseTo(Math.log(2) - 87 * Math.log(99 / 100), 10);
  });

  test('comes from JSON of three lists, which may be damaged', () => {
    const good = { train: [[[60], [61]]], valid: [[[62], []]], test: [[[21], [108]]] };
    expect(parsePieces(good)).toEqual({ train: good.train, validation: good.valid, test: good.test });
    expect(() => parsePieces({ ...good, valid: undefined })).toThrow("no list of pieces 'valid'");
    expect(() => parsePieces(null)).toThrow("'train'");
    expect(() => parsePieces({ ...good, test: [[[60]]] })).toThrow('test[0] is not a list of at least two steps');
    expect(() => parsePieces({ ...good, train: [[[60], [20]]] })).toThrow('train[0][1] is not a list of MIDI notes');
    expect(() => parsePieces({ ...good, train: [[[60], 61]] })).toThrow('train[0][1]');
  });
});
