import { type FaultGroup, faultsIn } from '../fault.ts';

const video = 'packages/unrolled/src/tasks/video';
const input = 'packages/cli/src/input';

/** Videos: clips, streams, segments, and the files they are in. */
export const videoFaults: FaultGroup = {
  name: 'videos',
  faults: [
    ...faultsIn(
      `${video}/clip-network.ts`,
      [`${video}/video.test.ts`],
      [
        ['before ?? items[0]', 'items[0]'],
        ['Math.min(Math.floor(i / B), lengths[i % B] - 1)', '0'],
        ['x.sub(earlier)', 'x.add(earlier)'],
      ],
    ),
    ...faultsIn(
      `${video}/stream.ts`,
      [`${video}/video.test.ts`],
      [
        ['this.#state = state;', ''],
        ['this.#decay * sum + added[k]', 'sum + added[k]'],
        ['sum / this.#count', 'sum'],
      ],
    ),
    ...faultsIn(
      `${video}/augmentation.ts`,
      [`${video}/video.test.ts`],
      [
        ['Math.sign(from) * row', 'row'],
        ["fork.fork('same')", 'fork'],
      ],
    ),
    ...faultsIn(
      `${video}/clip-encoder.ts`,
      [`${video}/captions.test.ts`],
      [
        ["pool('mean', xs, lengths)", "pool('mean', xs)"],
        ['memory: outputs, lengths, state', 'memory: outputs, state'],
      ],
    ),
    ...faultsIn(
      `${video}/captioner-evaluate.ts`,
      [`${video}/captions.test.ts`],
      [['b.edits * a.length < a.edits * b.length', 'b.edits * a.length > a.edits * b.length']],
    ),
    ...faultsIn(
      `${video}/event-encoder.ts`,
      [`${video}/events.test.ts`],
      [
        ['(end === one.end && j < i)', 'end === one.end'],
        [
          '(start + Math.min(Math.floor(i / N), length - 1)) * B + b',
          'Math.min(Math.floor(i / N), length - 1) * B + b',
        ],
        ['first += own.length;', ''],
      ],
    ),
    ...faultsIn(
      `${video}/proposals.ts`,
      [`${video}/events.test.ts`],
      [
        ['b.score - a.score', 'a.score - b.score'],
        ['iou >= near ? iou : 0', '0'],
      ],
    ),
    ...faultsIn(`${video}/frame-targets.ts`, [`${video}/video.test.ts`], [['1 / lengths[i % B]', '1']]),
    ...faultsIn(
      'packages/unrolled/src/metrics/segments.ts',
      ['packages/unrolled/src/metrics/segments.test.ts'],
      [
        ['taken.add(best);', ''],
        ['left.delete(best);', ''],
        ['b.score - a.score', 'a.score - b.score'],
        ['highest = Math.max(highest, point.precision);', 'highest = point.precision;'],
      ],
    ),
    ...faultsIn(
      `${input}/decoders/gif.ts`,
      ['packages/cli/test/video-frames.test.ts'],
      [
        ['if (before) screen.set(before);', ''],
        ['(file[at + 3] >> 2) & 7', '0'],
      ],
    ),
    ...faultsIn(
      `${input}/decoders/webp-animation.ts`,
      ['packages/cli/test/video-frames.test.ts'],
      [
        ['canvas[to + c] * (255 - alpha)', '255 * (255 - alpha)'],
        ['if (frame.disposed)', 'if (false)'],
      ],
    ),
  ],
};
