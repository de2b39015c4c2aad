import { type FaultGroup, faultsIn } from '../fault.ts';

const src = 'packages/unrolled/src';

export const published: FaultGroup = {
  name: 'published models',
  faults: [
    ...faultsIn(
      `${src}/tokenizers/sentence-piece.ts`,
      [`${src}/tokenizers/tokenizers.test.ts`, 'test/golden/published-tokenizers.test.ts'],
      [
        ['rank: -scores[id]', 'rank: scores[id]'],
        ['let first = !continues;', 'let first = false;'],
        ["prefix === 'first' && first", "prefix === 'first'"],
      ],
    ),
    ...faultsIn(
      `${src}/tokenizers/word-piece.ts`,
      ['test/golden/published-tokenizers.test.ts'],
      [
        [".normalize('NFD')", ''],
        ["(start > 0 ? this.#continuation : '')", "''"],
      ],
    ),
    ...faultsIn(
      `${src}/pretrained/layouts/llama.ts`,
      ['test/golden/transformers.test.ts'],
      [
        ["norm: 'rms', gated", "norm: 'layer', gated"],
        ['base: theta ?? config', 'base: 1 + config'],
      ],
    ),
    ...faultsIn(
      `${src}/pretrained/layouts/bert.ts`,
      ['test/golden/transformers.test.ts'],
      [['value + segment[i % E]', 'value']],
    ),
    ...faultsIn(
      `${src}/tasks/language-model/generate.ts`,
      [`${src}/tasks/language-model/generate.test.ts`],
      [['if (tokenizer.ends.includes(writer.last)) continue;', '']],
    ),
    ...faultsIn(
      `${src}/pretrained/layouts/gpt2.ts`,
      ['test/golden/transformers.test.ts'],
      [
        ['const turned = dict', 'const turned = !dict'],
        ['slice(i * each, (i + 1) * each)', 'slice(0, each)'],
      ],
    ),
    ...faultsIn(
      `${src}/pretrained/state-dict.ts`,
      ['test/golden/transformers.test.ts'],
      [['.filter((name) => !this.#taken.has(name));', '.slice(0, 0);']],
    ),
    ...faultsIn(
      `${src}/nn/transformer/encoder.ts`,
      [`${src}/nn/transformer/encoder.test.ts`, 'test/golden/transformers.test.ts'],
      [
        ['const own = { lengths, seen', 'const own = { lengths: null, seen'],
        ['outputs = inputNorm?.apply(outputs) ?? outputs;', ''],
        ['own, angles }', 'own }'],
      ],
    ),
  ],
};
