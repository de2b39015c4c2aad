import { unroll } from '../../nn/unroll.ts';
import { at, concat, mul, reshape, slice, transpose } from '../../ops/index.ts';
import { formatShape, type Shape, sameShape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Node, Operator } from '../node.ts';
import { onDevice, tensorOf, type Value } from '../value.ts';
import { activationsOf } from './recurrent-activations.ts';
import { type CellWeights, cellOf, kinds, type RecurrentKind, reordered } from './recurrent-cells.ts';
import { integersOf } from './shapes.ts';

const directions: Readonly<Record<string, readonly boolean[]>> = {
  forward: [false],
  reverse: [true],
  bidirectional: [false, true],
};

/** Positions of the inputs. */
const places = { lengths: 4, h: 5, c: 6, peepholes: 7 } as const;

const recurrentOperator = (operation: RecurrentKind): Operator => ({
  inputs: [3, operation === 'LSTM' ? 8 : 6],
  folds: false,
  build: (node) => {
    const direction = node.text('direction', 'forward');
    if (!Object.hasOwn(directions, direction)) {
      throw node.refusal(
        `has the direction '${direction.slice(0, 20)}'; ${Object.keys(directions).join(', ')} are read`,
        {
          attribute: 'direction',
        },
      );
    }
    const reverses = directions[direction];
    const D = reverses.length;
    const activations = activationsOf(node, kinds[operation].activations, D);
    const each = activations.length / D;
    const clip = node.float('clip', 0);
    const coupled = operation === 'LSTM' && node.flag('input_forget');
    const linearBeforeReset = operation === 'GRU' && node.flag('linear_before_reset');
    const batchFirst = node.version >= 14 && node.flag('layout');
    const stated = node.integer('hidden_size', 0);
    if (node.version < 7) node.integer('output_sequence', 0);

    const prepare = (inputs: readonly (Value | null)[]): readonly CellWeights[] => {
      const [, w, r, b] = inputs;
      const [weights, recurrents] = [w, r].map((value) => tensorOf(value!, node.device));
      const bias = b ? tensorOf(b, node.device) : null;
      const seen = inputs[places.peepholes];
      const peepholes = seen ? tensorOf(seen, node.device) : null;
      requireWeights(node, operation, D, stated, { weights, recurrents, bias, peepholes });
      const { gates } = kinds[operation];
      const G = gates.length;
      const H = recurrents.shape[2];
      return reverses.map((_, d) => ({
        weightIh: reordered(at(weights, d), gates),
        weightHh: reordered(at(recurrents, d), gates),
        biasIh: bias && reordered(slice(at(bias, d), 0, 0, G * H), gates),
        biasHh: bias && reordered(slice(at(bias, d), 0, G * H, 2 * G * H), gates),
        peepholes: peepholes && [0, 1, 2].map((i) => slice(at(peepholes, d), 0, i * H, (i + 1) * H)),
      }));
    };
    const known = [1, 2, 3, places.peepholes].every((i) => !node.has(i) || node.constants[i]);
    const { device } = node;
    const ready = known ? node.prepare(() => prepare(node.constants)) : null;

    return (inputs) => {
      const given = tensorOf(inputs[0]!, device);
      if (given.rank !== 3)
        throw node.refusal(`needs [T, B, F], received ${formatShape(given.shape)}`, { x: given.shape });
      const turn = (x: Tensor): Tensor => (batchFirst ? transpose(x, [1, 0, 2]) : x);
      const xs = turn(given);
      const [T, B, F] = xs.shape;
      const weights = ready ?? prepare(inputs);
      const H = weights[0].weightHh.shape[1];
      if (weights[0].weightIh.shape[1] !== F) {
        throw node.refusal(
          `has weights of ${weights[0].weightIh.shape[1]} features, and the input ${formatShape(given.shape)}`,
        );
      }
      node.requireRoom([T, B, D, weights[0].weightIh.shape[0]], 'device');
      const lengths = lengthsOf(inputs[places.lengths], T, B, node);
      const initial = { h: inputs[places.h], c: operation === 'LSTM' ? inputs[places.c] : null };
      for (const value of Object.values(initial)) {
        if (value && !sameShape(value.shape, batchFirst ? [B, D, H] : [D, B, H])) {
          throw node.refusal(
            `has the initial state ${formatShape(value.shape)} for ${D} directions, ${B} rows and ${H} units`,
          );
        }
      }
      const runs = reverses.map((reverse, d) => {
        const options = {
          hidden: H,
          activations: activations.slice(d * each, (d + 1) * each),
          clip,
          coupled,
          linearBeforeReset,
        };
        const cell = cellOf(operation, weights[d], options);
        const zeros = cell.initialState(B, device);
        const state = Object.fromEntries(
          kinds[operation].parts.map((part) => {
            const value = initial[part as 'h' | 'c'];
            return [part, value ? at(turn(tensorOf(value, device)), d) : zeros[part]];
          }),
        );
        return unroll(cell, xs, state, { lengths, reverse });
      });
      const outputs = runs.map((run) => reshape(run.outputs, batchFirst ? [T, B, 1, H] : [T, 1, B, H]));
      const all = concat(outputs, batchFirst ? 2 : 1);
      const finals = kinds[operation].parts.map((part) => {
        // A row of no steps has the state 0, as in onnxruntime, whatever it began with.
        const none = lengths?.some((n) => n === 0)
          ? device.tensor(
              lengths.map((n) => Number(n > 0)),
              [1, B, 1],
            )
          : null;
        const states = concat(runs.map(({ state }) => reshape(state[part], [1, B, H])));
        return turn(none ? mul(states, none) : states);
      });
      return [batchFirst ? transpose(all, [1, 0, 2, 3]) : all, ...finals].map((y) => onDevice(y));
    };
  },
});

function lengthsOf(value: Value | null | undefined, T: number, B: number, node: Node): readonly number[] | null {
  if (!value) return null;
  const lengths = integersOf(value, node);
  if (lengths.length === B && lengths.every((n) => n >= 0 && n <= T))
    return lengths.every((n) => n === T) ? null : lengths;
  throw node.refusal(`has sequence_lens [${lengths.slice(0, 16)}] for ${B} rows of ${T} steps`, { lengths });
}

function requireWeights(
  node: Node,
  operation: RecurrentKind,
  D: number,
  stated: number,
  parts: Readonly<Record<'weights' | 'recurrents' | 'bias' | 'peepholes', Tensor | null>>,
): void {
  const G = kinds[operation].gates.length;
  const H = parts.recurrents!.shape[2] ?? 0;
  const F = parts.weights!.shape[2] ?? 0;
  const wanted: Readonly<Record<keyof typeof parts, Shape>> = {
    weights: [D, G * H, F],
    recurrents: [D, G * H, H],
    bias: [D, 2 * G * H],
    peepholes: [D, 3 * H],
  };
  for (const [name, part] of Object.entries(parts)) {
    const shape = wanted[name as keyof typeof parts];
    if (part && (!sameShape(part.shape, shape) || H === 0 || (stated !== 0 && stated !== H))) {
      throw node.refusal(
        `has ${name} ${formatShape(part.shape)} for ${D} direction${D === 1 ? '' : 's'} and ${stated || H} units; the file is damaged`,
        { part: name },
      );
    }
  }
}

export const recurrent: Readonly<Record<string, Operator>> = {
  RNN: recurrentOperator('RNN'),
  LSTM: recurrentOperator('LSTM'),
  GRU: recurrentOperator('GRU'),
};
