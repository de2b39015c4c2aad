import { type FaultGroup, faultsIn } from '../fault.ts';

const search = 'packages/unrolled/src/search';
const nn = 'packages/unrolled/src/nn';

/** Architecture search: the controller, the loop, cells and blocks. */
export const architectureSearch: FaultGroup = {
  name: 'architecture search',
  faults: [
    ...faultsIn(
      `${nn}/reinforce.ts`,
      [`${search}/search.test.ts`],
      [
        ['scale(drawn.entropy, entropy)', 'scale(drawn.entropy, -entropy)'],
        ['neg(crossEntropy(logits, ids))', 'crossEntropy(logits, ids)'],
      ],
    ),
    ...faultsIn(
      `${search}/controller.ts`,
      [`${search}/search.test.ts`],
      [
        ['before.set(ids.subarray(0, (T - 1) * B), B);', ''],
        ['slice(this.#mask, 0, t, t + 1)', 'slice(this.#mask, 0, 0, 1)'],
        ['1 / candidates.length)', '1)'],
      ],
    ),
    ...faultsIn(
      `${search}/search.ts`,
      [`${search}/search.test.ts`],
      [
        ['random = new Random(before);', ''],
        ['state = { ...state, pending: done };', ''],
        ['done.sort((a, b) => a.number - b.number);', ''],
        ['if (!known.has(key) && !found.has(key))', 'if (!found.has(key))'],
        ['(reward - b) / s', 'reward / s'],
      ],
    ),
    ...faultsIn(
      `${search}/tree-cell.ts`,
      [`${search}/cells.test.ts`],
      [
        ['if (k === memory) carried = before;', 'if (k === memory) carried = value;'],
        ['k === inject.node ? injected(value, c, inject) : value', 'value'],
      ],
    ),
    ...faultsIn(
      `${search}/shared-cells.ts`,
      [`${search}/cells.test.ts`],
      [
        ['this.#device.backend.copy(this.#shared.values, model.parameters.values);', ''],
        ['this.#streams.position = { epoch, chunk };', ''],
      ],
    ),
    ...faultsIn(
      `${search}/block-architecture.ts`,
      [`${search}/blocks.test.ts`],
      [
        ['return text(a) <= text(b) ? [a, b] : [b, a];', 'return [a, b];'],
        ["(kernel === 1 && operation.endsWith('pool'))", 'false'],
        ['const joined = blockEnds(architecture).length > 1;', 'const joined = false;'],
      ],
    ),
    ...faultsIn(
      `${nn}/vision/layer-graph.ts`,
      [`${nn}/vision/vision.test.ts`],
      [
        ['const read = new Set(nodes.flat().map(({ from }) => from));', 'const read = new Set<number>();'],
        ['values.push(outputs.reduce((sum, one) => add(sum, one)));', 'values.push(outputs[0]);'],
      ],
    ),
  ],
};
