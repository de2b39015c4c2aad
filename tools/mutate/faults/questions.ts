import { type FaultGroup, faultsIn } from '../fault.ts';

const vqa = 'packages/unrolled/src/tasks/vqa';
const tests = [`${vqa}/vqa.test.ts`];

/** Questions about images: attention several times, answers as they are compared, copies that know less. */
export const questions: FaultGroup = {
  name: 'questions about images',
  faults: [
    ...faultsIn(
      'packages/unrolled/src/nn/stacked-attention.ts',
      ['packages/unrolled/src/nn/stacked-attention.test.ts'],
      [
        ['u = add(u, found);', 'u = found;'],
        ['attention.step(u, attention', 'attention.step(query, attention'],
        ['attention.prepare(memory, lengths ?? null)', 'attention.prepare(memory)'],
      ],
    ),
    ...faultsIn(
      'packages/unrolled/src/metrics/answers.ts',
      ['packages/unrolled/src/metrics/answers.test.ts'],
      [
        ['same * without(same - 1) + (all - same) * without(same)', 'all * without(same)'],
        ['Math.min(1, left / 3)', 'left / 3'],
        ['other[1] > best[1] ? other : best', 'other[1] >= best[1] ? other : best'],
      ],
    ),
    ...faultsIn(
      'packages/unrolled/src/data/batches.ts',
      ['packages/unrolled/src/data/batches.test.ts'],
      [['Array.from(order).flatMap((group) => groups[group])', 'groups.flat()']],
    ),
    ...faultsIn(`${vqa}/model.ts`, tests, [
      ['const apart = { ...read, memory: memory.detach() };', 'const apart = read;'],
      ['withoutImage: { image: false, question: true }', 'withoutImage: { image: true, question: true }'],
      ['choices.map(() => b)', 'choices.map(() => 0)'],
    ]),
    ...faultsIn(`${vqa}/training.ts`, tests, [
      ['add(total, sub(other, other.detach()))', 'add(total, other)'],
      ['Number(c === target)', 'Number(c !== target)'],
    ]),
    ...faultsIn(`${vqa}/evaluate.ts`, tests, [
      ['right.full! - right.withoutImage!', 'right.full!'],
      ['addsNothing: interval[0] <= 0', 'addsNothing: interval[0] < 0'],
      ['frequentByType: frequent(type.answers)', 'frequentByType: frequent([])'],
    ]),
    ...faultsIn(`${vqa}/question-types.ts`, tests, [['.findLast((type)', '.find((type)']]),
  ],
};
