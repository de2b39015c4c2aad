import { type FaultGroup, faultsIn } from '../fault.ts';

const nn = 'packages/unrolled/src/nn';
const tests = [
  `${nn}/traced/traced.test.ts`,
  `${nn}/cells/literature.test.ts`,
  `${nn}/cells/define.test.ts`,
  `${nn}/unroll.test.ts`,
];

/** Programs read from a cell's step, and their gradients. */
export const traced: FaultGroup = {
  name: 'traced recurrence',
  faults: [
    ...faultsIn(`${nn}/traced/differentiate.ts`, tests, [
      [
        "make('select', a, dy, number(0)), () => make('select', a, number(0), dy)",
        "make('select', a, dy, number(0)), () => make('select', a, dy, dy)",
      ],
      ["gradientReads[operation] === 'x' ? a : point", "gradientReads[operation] === 'x' ? point : point"],
      ["make('mul', make('equal', a, b), number(0.5))", "make('mul', make('equal', a, b), number(1))"],
      ["return [() => dy, () => make('neg', dy)];", 'return [() => dy, () => dy];'],
      ["[() => make('mul', dy, b), () => make('mul', dy, a)]", "[() => make('mul', dy, b), () => make('mul', dy, b)]"],
      ["make('div', make('mul', dy, a), make('square', b))", "make('div', dy, make('square', b))"],
      ["return [half('greater'), half('less')];", "return [half('less'), half('greater')];"],
      ["return [half('less'), half('greater')];", "return [half('less'), half('less')];"],
      ['matrix, transposed: !transposed }], left.width', 'matrix, transposed }], left.width'],
      [
        'give(part, graph.slice(gradient, position, part.width));\n        position += part.width;',
        'give(part, graph.slice(gradient, position, part.width));',
      ],
      ['give(to.of, value, to.start);', 'give(to.of, value);'],
      ['pieces.set(to, [...(pieces.get(to) ?? []), { start, value }]);', 'pieces.set(to, [{ start, value }]);'],
      [
        'if (factors.length > 0) terms.push(graph.product(factors, width));',
        'if (factors.length > 0) terms.push(graph.product(factors.slice(0, 1), width));',
      ],
      ['piece.start <= start && end <= piece.start + piece.value.width', 'piece.start <= start'],
      ['singles.push({ leaf: to, gradient: value });', 'pieces.set(to, [{ start, value: graph.slice(value, 0, 1) }]);'],
    ]),
    ...faultsIn(`${nn}/traced/operation.ts`, tests, [
      [
        'if (given === null) device.backend.fill(first, 0);\n      else device.backend.copy(given, first);',
        'device.backend.fill(first, 0);',
      ],
      [
        'result[position] = result[position] === null ? gradient : add(result[position], gradient);',
        'result[position] = gradient;',
      ],
      ['const accumulate = result[position] !== null;', 'const accumulate = false;'],
      [
        'factor.transposed ? dy : a, factor.transposed ? a : dy',
        'factor.transposed ? a : dy, factor.transposed ? dy : a',
      ],
      ['ends.last);\n    });\n    return result', 'ends.first);\n    });\n    return result'],
      [
        'return reverse ? { first: steps - 1 + before, last: after } : { first: before, last: steps - 1 + after };',
        'return { first: before, last: steps - 1 + after };',
      ],
      ['(slot % S) * B * n', '0 * slot * S'],
      ['const ends = endsOf(!reverse, steps);', 'const ends = endsOf(reverse, steps);'],
    ]),
    ...faultsIn(`${nn}/traced/core.ts`, tests, [
      ['const slot = slots(!reverse);', 'const slot = slots(reverse);'],
      ['for (const value of cheap) if (!isThere(value)) keepOne(value);', 'void isThere;'],
      ['reverse ? { before: 1, after: 0 } : { before: 0, after: 1 }', '(reverse, { before: 0, after: 1 })'],
      ["else if (value.kind === 'before') wanted = true;", "else if (value.kind === 'before') wanted = false;"],
      ['tracked.matrices[matrix] || this.#isWanted(left)', 'tracked.matrices[matrix]'],
      ['gradients.of.get(before) ?? zero(before.width)', 'zero(before.width)'],
    ]),
    ...faultsIn(`${nn}/traced/compile.ts`, tests, [
      ['accumulate: index > 0', 'accumulate: false'],
      ['if (registers.has(input) && lastUse.get(input) === point)', 'if (registers.has(input))'],
      ['column: whole.column + value.start };\n    }\n    const run', 'column: whole.column };\n    }\n    const run'],
    ]),
    ...faultsIn(`${nn}/traced/value.ts`, tests, [
      ['parts.push(this.slice(part, from - position, to - from));', 'parts.push(this.slice(part, 0, to - from));'],
      ['return this.slice(of.of, of.start + start, width);', 'return this.slice(of.of, start, width);'],
    ]),
    ...faultsIn(`${nn}/traced/trace.ts`, tests, [
      ['slice(weight, transposed ? 1 : 0, position, end)', 'slice(weight, 1, position, end)'],
      [
        'if (late.length > 0) terms.push(graph.product(late, width));',
        'if (late.length > 0) terms.push(graph.product(late.slice(0, 1), width));',
      ],
      ['if (bias !== null && row === null) terms.push(bias);', 'void row;'],
    ]),
    ...faultsIn(
      'packages/unrolled/src/backend/wasm/scan.ts',
      [...tests, 'packages/unrolled/src/backend/conformance.test.ts'],
      [
        [
          'const [k, n] = transposed ? [second, first] : [first, second];\n        const packed',
          'const [k, n] = [first, second];\n        const packed',
        ],
        [
          'if (broadcasts || width === 1 || !this.#isSingle(input)) return this.#operand(input);',
          'if (input) return this.#operand(input);',
        ],
        ['n === 1 ? 0 : 1);', '1);'],
      ],
    ),
  ],
};
