import { describe, expect, test } from 'vitest';
import type { Image } from '../../images/index.ts';
import { makeDialogues, paintScene, refersBack, type Scene, toVisDial, withCandidates } from './index.ts';
import { background, colours } from './scene.ts';

/** What stands where, read from the pixels alone. */
interface Found {
  readonly row: number;
  readonly column: number;
  readonly size: string;
  readonly colour: string;
  readonly shape: string;
}

function readPicture({ width, data }: Image): Found[] {
  const found: Found[] = [];
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      const away = (x: number, y: number): number => {
        const at = ((row * 16 + y) * width + column * 16 + x) * 3;
        return Math.max(...background.map((one, c) => Math.abs(data[at + c] - one)));
      };
      let [strongest, place] = [0, 0];
      for (let i = 0; i < 256; i++) {
        const distance = away(i % 16, i >> 4);
        if (distance > strongest) [strongest, place] = [distance, i];
      }
      if (strongest < 40) continue;
      const at = ((row * 16 + (place >> 4)) * width + column * 16 + (place % 16)) * 3;
      const [colour] = Object.entries(colours).reduce((best, one) => {
        const far = ([, values]: typeof one) => values.reduce((sum, v, c) => sum + (v - data[at + c]) ** 2, 0);
        return far(one) < far(best) ? one : best;
      });
      const covered = (x: number, y: number): boolean => away(x, y) > strongest / 2;
      const places = Array.from({ length: 256 }, (_, i) => [i % 16, i >> 4]).filter(([x, y]) => covered(x, y));
      const [xs, ys] = [0, 1].map((axis) => places.map((one) => one[axis]));
      const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
      const middle = covered(Math.round((left + right) / 2), Math.round((top + bottom) / 2));
      const rowWidth = (y: number): number => places.filter((one) => one[1] === y).length / (right - left + 1);
      const full = places.length / ((right - left + 1) * (bottom - top + 1));
      const shape = !middle
        ? 'ring'
        : full > 0.92
          ? 'square'
          : full > 0.7
            ? 'circle'
            : rowWidth(bottom) > 0.8
              ? 'triangle'
              : 'cross';
      found.push({ row, column, colour, shape, size: bottom - top > 10 ? 'large' : 'small' });
    }
  }
  return found;
}

/** Answers questions about what was read, by rules of its own. */
class Reader {
  readonly #things: readonly Found[];
  #topic: Found;
  #asked: 'colour' | 'shape' | 'size' | null = null;
  #shape = '';

  constructor(things: readonly Found[], caption: string) {
    this.#things = things;
    const words = caption.split(' ');
    const [one, ...others] = things.filter(
      ({ size, colour, shape }) =>
        words.includes(shape) &&
        (!words.some((word) => word in colours) || words.includes(colour)) &&
        (!/small|large/.test(caption) || words.includes(size)),
    );
    if (!one || others.length > 0) throw new Error(`'${caption}' is no single thing`);
    this.#topic = one;
  }

  answer(question: string): string {
    const before = this.#asked;
    this.#asked = null;
    const it = this.#topic;
    const attribute = /colour/.test(question) ? 'colour' : /shape/.test(question) ? 'shape' : 'size';
    const counts = ['none', 'one', 'two', 'three', 'four', 'five', 'six'];
    if (question.startsWith('how many')) {
      if (/others?/.test(question)) {
        return counts[this.#things.filter((one) => one !== it && one[attribute] === it[attribute]).length];
      }
      const [, word] = /^how many (\w+?)(?:e?s)? (?:things )?are there/.exec(question)!;
      return counts[this.#things.filter(({ colour, shape }) => word === colour || `${shape}`.startsWith(word)).length];
    }
    const beside = /(left|right|above|over|below|under)/.exec(question)?.[1];
    if (beside) {
      const near = this.#beside(beside);
      const moved = near ?? it;
      this.#topic = moved;
      if (question.startsWith('and the one')) {
        this.#asked = before;
        return near ? near[before!] : 'nothing';
      }
      if (question.startsWith('what is')) return near ? `a ${near.size} ${near.colour} ${near.shape}` : 'nothing';
      return near ? 'yes' : 'no';
    }
    const placed = ({ row, column }: Found): string =>
      `${['top', 'middle', 'bottom'][row]} ${['left', 'centre', 'right'][column]}`;
    if (question === 'where is it?') return placed(it);
    const [, colour, named] = /^(?:is there|and) a (\w+) (\w+)\?$/.exec(question) ?? [];
    if (colour !== undefined) {
      this.#shape = named === 'one' ? this.#shape : named;
      const there = this.#things.find((one) => one.colour === colour && one.shape === this.#shape);
      if (there) this.#topic = there;
      return there ? `yes, ${placed(there)}` : 'no';
    }
    this.#asked = attribute;
    return it[attribute];
  }

  #beside(where: string): Found | undefined {
    const { row, column } = this.#topic;
    for (let step = 1; step < 3; step++) {
      const [y, x] = {
        left: [row, column - step],
        right: [row, column + step],
        above: [row - step, column],
        over: [row - step, column],
        below: [row + step, column],
        under: [row + step, column],
      }[where]!;
      const found = this.#things.find((one) => one.row === y && one.column === x);
      if (found) return found;
    }
    return undefined;
  }
}

const dialogues = makeDialogues({ seed: 77, count: 60 });
const bare = ({ things }: Scene) => things.map((thing) => ({ ...thing }));

describe('made dialogues', () => {
  test('pictures show the scene: read from their pixels, every thing is found', () => {
    for (const [i, { scene }] of dialogues.entries()) {
      expect(readPicture(paintScene(scene, i))).toEqual(bare(scene).map((thing) => expect.objectContaining(thing)));
    }
  });

  test('every answer is that of an independent reader, who sees the pixels and hears the questions', () => {
    for (const [i, { scene, caption, turns }] of dialogues.entries()) {
      const reader = new Reader(readPicture(paintScene(scene, i)), caption);
      for (const { question, answer } of turns)
        expect(`${question} ${reader.answer(question)}`).toBe(`${question} ${answer}`);
    }
  });

  test('the same for a seed, others for another; eight rounds, or as many as asked for', () => {
    expect(makeDialogues({ seed: 77, count: 2 })).toEqual(dialogues.slice(0, 2));
    expect(makeDialogues({ seed: 5, count: 1 })[0]).not.toEqual(dialogues[0]);
    expect(dialogues.every(({ turns }) => turns.length === 8)).toBe(true);
    expect(makeDialogues({ seed: 1, count: 1, rounds: 20 })[0].turns).toHaveLength(20);
  });

  test('most questions point back at what was said', () => {
    const questions = dialogues.flatMap(({ turns }) => turns.map(({ question }) => question));
    const back = questions.filter(refersBack).length / questions.length;
    expect(back).toBeGreaterThan(0.5);
    expect(back).toBeLessThan(0.9);
    expect(refersBack('And a blue one?')).toBe(true);
    expect(refersBack('is there a red circle?')).toBe(false);
  });

  test('different candidates, the right one among them, at no place of its own', () => {
    const many = withCandidates(makeDialogues({ seed: 1, count: 100 }), { seed: 3, count: 50 });
    const turns = many.flatMap((one) => one.turns);
    for (const { answer, candidates } of turns) {
      expect(candidates).toContain(answer);
      expect([candidates!.length, new Set(candidates).size]).toEqual([50, 50]);
    }
    const places = turns.map(({ answer, candidates }) => candidates!.indexOf(answer));
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
    expect(Math.abs(mean - 24.5)).toBeLessThan(2.5);
    const file = JSON.parse(toVisDial(many.slice(0, 1), [12]));
    expect(file.data.dialogs[0]).toMatchObject({ image_id: 12, caption: many[0].caption });
  });
});
