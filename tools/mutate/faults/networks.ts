import { type FaultGroup, faultsIn } from '../fault.ts';

const nn = 'packages/unrolled/src/nn';
const vision = 'packages/unrolled/src/vision';
const layers = [`${nn}/vision/vision.test.ts`];
const networks = [`${vision}/vision.test.ts`];

export const networkFaults: FaultGroup = {
  name: 'networks',
  faults: [
    ...faultsIn(
      `${nn}/initialisers.ts`,
      [`${nn}/initialisers.test.ts`],
      [['(shape[1] ?? 1) * kernel]', '(shape[1] ?? 1)]']],
    ),
    ...faultsIn(`${nn}/sequential.ts`, layers, [
      ['i += fused?.included ?? 0;', ''],
      ['context.observe ? undefined : layer.applyFused', 'layer.applyFused'],
    ]),
    ...faultsIn(
      `${nn}/layer.ts`,
      [`${nn}/sequential.test.ts`],
      [['return observe(name, part.apply(', 'return (part.apply(']],
    ),
    ...faultsIn(`${nn}/vision/batch-norm.ts`, layers, [['if (!context.training) {', 'if (context.training) {']]),
    ...faultsIn('packages/unrolled/src/ops/batch-norm.ts', layers, [
      ['if (running && x.size === x.shape[x.rank - 1])', 'if (x.size < 0)'],
    ]),
    ...faultsIn(
      `${nn}/vision/layer-means.ts`,
      [`${nn}/vision/layer-means.test.ts`],
      [
        ['const end = names.findIndex((other, k) => k > i && within(other).length > 0);', 'const end = -1;'],
        ['i += plain.length - 1;', ''],
        ['return [output[0], output[1] + channels];', 'return output;'],
      ],
    ),
    ...faultsIn(`${nn}/vision/fusion.ts`, layers, [
      ['bias ? add(mul(bias, scale), shift) : shift', 'bias ? add(bias, shift) : shift'],
      ['included: included + 1', 'included'],
      ["activation === 'none' ? 1 : 2", '2'],
    ]),
    ...faultsIn(`${nn}/vision/conv-transpose2d.ts`, layers, [['- 2 * cut[i]', '- cut[i]']]),
    ...faultsIn(`${nn}/vision/conv1d.ts`, layers, [['T < 0 ? -1 : this.#steps(T)', '-1']]),
    ...faultsIn(`${nn}/vision/flatten.ts`, layers, [["order === 'channelsLast' ||", "order !== 'channelsLast' ||"]]),
    ...faultsIn(`${nn}/vision/residual.ts`, layers, [['activate(add(y, shortcut)', 'activate(add(y, x)']]),
    ...faultsIn(`${nn}/vision/inverted-residual.ts`, layers, [['stride === 1 && channels === C', 'stride === 1']]),
    ...faultsIn(`${nn}/vision/squeeze-excite.ts`, layers, [['mul(x, sigmoid(', 'mul(x, (']]),
    ...faultsIn(`${vision}/networks/parts.ts`, networks, [
      ['nearest < 0.9 * v ? nearest + 8 : nearest', 'nearest'],
      ['size >= 96 ? 5 : size >= 48 ? 4 : 3', '5'],
    ]),
    ...faultsIn(`${vision}/networks/mobilenet.ts`, networks, [
      ['stride: n === 0 ? steps[i + 1] : 1', 'stride: steps[i + 1]'],
    ]),
    ...faultsIn(`${vision}/networks/resnet.ts`, networks, [
      ['const first = i > 0 && n === 0;', 'const first = n === 0;'],
    ]),
    ...faultsIn(`${vision}/profile.ts`, networks, [
      ['sizeOf(y.shape) * sizeOf(weight.shape.slice(1))', 'sizeOf(y.shape) * sizeOf(weight.shape)'],
      ['name.length > (found?.length ?? -1)', 'name.length < (found?.length ?? 99)'],
    ]),
    ...faultsIn(`${vision}/layer-paths.ts`, networks, [
      ['known.indexOf(name) > known.indexOf(last)', 'known.indexOf(name) < known.indexOf(last)'],
      ['upTo(layer, rest', 'upTo(sequence, rest'],
    ]),
    ...faultsIn(`${vision}/image-network.ts`, networks, [
      ['if (!name.startsWith(', 'if (name.startsWith('],
      ['this.labels?.length ?? logits[1]', 'logits[1]'],
    ]),
    ...faultsIn(`${vision}/network-file.ts`, networks, [['if (!verified)', 'if (verified)']]),
    ...faultsIn(`${vision}/state-dict.ts`, networks, [
      ["!name.endsWith('num_batches_tracked')", 'false'],
      ['a.problems.length - b.problems.length', 'b.problems.length - a.problems.length'],
      ["name.replace(/^module\\./, '')", 'name'],
    ]),
  ],
};
