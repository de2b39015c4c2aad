import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { createCell } from '../nn/cells/registry.ts';
import { checkGradients } from '../nn/check-gradients.ts';
import { inference, initialiseParameters } from '../nn/layer.ts';
import { Recurrent } from '../nn/recurrent.ts';
import { Random } from '../random.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { tokenizerFor } from '../tokenizers/create.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../train/checkpoint.ts';
import {
  type CellArchitecture,
  cellArchitecture,
  cellArchitectureSchema,
  cellChoices,
  cellEquations,
  cellFile,
  cellGraph,
  cellReward,
  cellSpace,
  measureCell,
  nasArchitecture,
  randomChoices,
  SharedCells,
  search,
  sizeOfSpace,
  treeCell,
} from './index.ts';

const device = await openDevice('reference');
const [T, B, F] = [3, 2, 3];
const random = new Random(4);
const normal = (shape: readonly number[]): Tensor =>
  device.tensor(
    Array.from({ length: sizeOf(shape) }, () => random.normal()),
    shape,
  );
const xs = normal([T, B, F]);
const drawn = (base: number, seed: number): CellArchitecture => {
  const space = cellSpace(base);
  return cellArchitecture(space, randomChoices(space, new Random(seed)));
};

describe('cells as trees', () => {
  test('there are as many as Zoph & Le count for base 8', () => {
    expect(sizeOfSpace(cellSpace(8))).toBeCloseTo(6.33e16, -15);
    expect(() => cellSpace(3)).toThrow('the base must be 2, 4, 8 or 16, received 3');
  });

  test('the tree that they found computes what the built-in cell computes', () => {
    const [tree, builtIn] = [
      new Recurrent({ cell: treeCell(nasArchitecture), hidden: 4 }),
      new Recurrent({ cell: 'nas', hidden: 4 }),
    ];
    const run = (layer: Recurrent): number[] => {
      const parameters = initialiseParameters(layer, [-1, -1, F], device, 1);
      expect(parameters.names).toEqual(['weight_x_l0', 'weight_h_l0', 'bias_h_l0']);
      const { outputs, state } = layer.run(xs);
      return [outputs, state[0].c, state[0].h].flatMap((part) => [...part.data()]);
    };
    expect(run(tree)).toEqual(run(builtIn));
  });

  test('the memory is the value of its node before the activation', () => {
    const one = { ...drawn(2, 7), memory: 2 };
    const root = { combine: 'add', activation: 'tanh' } as const;
    const cell = { ...one, nodes: [...one.nodes.slice(0, 2), root], inject: { ...one.inject, node: 0 } };
    const layer = new Recurrent({ cell: treeCell(cell), hidden: 2 });
    initialiseParameters(layer, [-1, -1, F], device, 1);
    const [{ c, h }] = layer.run(xs).state;
    expect([...h.data()]).toEqual([...c.tanh().data()]);
  });

  test('choices and architectures are the same thing', () => {
    expect(cellArchitecture(cellSpace(8), cellChoices(nasArchitecture))).toEqual(nasArchitecture);
    for (const seed of [1, 2, 3]) {
      const one = drawn(4, seed);
      expect(cellArchitectureSchema(JSON.parse(JSON.stringify(one)), 'it')).toEqual(one);
    }
    const odd = { ...nasArchitecture, memory: 15 };
    expect(() => cellArchitectureSchema(odd, 'cell')).toThrow(
      'cell.memory must be a whole number from 0 to 14, received 15',
    );
    expect(() => cellArchitecture(cellSpace(2), [0])).toThrow('has 10 choices, received 1');
  });

  test('every one that can be drawn builds, runs and has as many parameters', () => {
    for (let seed = 0; seed < 60; seed++) {
      const base = [2, 4, 8][seed % 3];
      const layer = new Recurrent({ cell: treeCell(drawn(base, seed)), hidden: 2 });
      const parameters = initialiseParameters(layer, [-1, -1, F], device, seed);
      expect(parameters.size).toBe(base * 2 * (F + 2 + 1));
      const { outputs, state } = layer.run(xs);
      expect(outputs.shape).toEqual([T, B, 2]);
      expect([...outputs.data(), ...state[0].c.data()].every(Number.isFinite)).toBe(true);
      // It has no operation that keeps it from being compiled.
      layer.run(xs, inference, { form: 'traced' });
    }
  });

  test.each([1, 2, 3, 4, 5, 6])('gradients agree with differences: draw %d', async (seed) => {
    const layer = new Recurrent({ cell: treeCell(drawn([2, 4][seed % 2], seed)), hidden: 2 });
    const parameters = initialiseParameters(layer, [-1, -1, F], device, seed);
    // Biases and a first state of 0 would put units on the edge of relu.
    device.backend.axpy(0.5, normal([parameters.size]), parameters.values);
    const state = [{ c: normal([B, 2]), h: normal([B, 2]) }];
    const { error } = await checkGradients(parameters, () =>
      layer.run(xs, inference, { state }).outputs.square().sum(),
    );
    expect(error).toBeLessThan(1e-6);
  });

  test('are written as equations and as graphs', () => {
    expect(cellEquations(nasArchitecture).slice(7)).toEqual([
      ...['a7 = σ(x7 + h7)', 'a8 = tanh(tanh(a0 ⊙ a1) + c_{t−1})', 'a9 = tanh(a2 + a3)', 'a10 = tanh(a4 ⊙ a5)'],
      ...['a11 = σ(a6 + a7)', 'c_t = a8 ⊙ a9', 'a12 = a8 ⊙ a9', 'a13 = tanh(a10 + a11)', 'h_t = tanh(a12 ⊙ a13)'],
    ]);
    const { nodes, edges } = cellGraph(nasArchitecture);
    expect(nodes).toHaveLength(15 + 1 + 3);
    expect(edges).toContainEqual({ from: 'inject', to: 'a12' });
    expect(edges).toContainEqual({ from: 'a12', to: 'memory', dashed: true });
    const ids = nodes.map(({ id }) => id);
    expect(edges.every(({ from, to }) => ids.includes(from) && ids.includes(to))).toBe(true);
  });

  test('a file of one cannot be broken out of by its description', () => {
    const file = cellFile(nasArchitecture, { name: 'it', about: 'npx unrolled search cell */evil(); ' });
    expect(file.split('*/')).toHaveLength(2);
    expect(() => cellFile(nasArchitecture, { name: "it'", about: '' })).toThrow('is no name');
  });
});

describe('candidates', () => {
  const text = 'she sells sea shells by the sea shore. '.repeat(30);
  const tokenizer = tokenizerFor('char', text);
  const ids = Int32Array.from(tokenizer.encode(text));
  const texts = { tokenizer, train: ids.subarray(0, 1000), validation: ids.subarray(1000) };
  const training = { hidden: 8, embedding: 4, batch: 4, seq: 8, learningRate: 0.02, seed: 1 };

  test('a cell that learns is worth more than guessing, one that diverges nothing', async () => {
    const wasm = await openDevice('wasm', { threads: 1 });
    const found = await measureCell(wasm, 'gru', texts, { ...training, steps: 60 });
    expect(found).toMatchObject({ diverged: false, testLoss: null, steps: 60 });
    expect(cellReward(found, tokenizer.size)).toBeGreaterThan(0.2);
    expect(await measureCell(wasm, 'gru', texts, { ...training, steps: 60 })).toEqual(found);
    const wild = {
      ...nasArchitecture,
      nodes: nasArchitecture.nodes.map(() => ({ combine: 'mul', activation: 'relu' }) as const),
    };
    const cell = treeCell({ ...wild, inject: { node: 14, combine: 'mul', activation: 'identity' } });
    const lost = await measureCell(wasm, cell, texts, { ...training, learningRate: 1e6, steps: 30 });
    expect(cellReward(lost, tokenizer.size)).toBe(0);
    wasm.close();
  });

  test('that share weights learn together, and resume with the same bits', async () => {
    const wasm = await openDevice('wasm', { threads: 1 });
    const space = cellSpace(2);
    const run = async (resume: Checkpoint | null) => {
      const evaluator = new SharedCells(wasm, space, texts, { ...training, sharedSteps: 5 });
      const [rewards, checkpoints]: [number[], Checkpoint[]] = [[], []];
      const options = { method: 'controller', candidates: 24, batch: 4, seed: 2, resume } as const;
      for await (const event of search(wasm, space, evaluator, options)) {
        if (event.type === 'round') rewards.push(event.meanReward);
        if (event.type === 'checkpoint') checkpoints.push(decodeCheckpoint(encodeCheckpoint(event.checkpoint)));
      }
      return { rewards, checkpoints };
    };
    const { rewards, checkpoints } = await run(null);
    expect(rewards.at(-1)).toBeGreaterThan(rewards[0] + 0.02);
    const again = (await run(checkpoints[2])).checkpoints.at(-1)!;
    for (const part of ['parameters', 'optimizer', 'carried', 'task'] as const) {
      expect(again[part]).toEqual(checkpoints.at(-1)![part]);
    }
    wasm.close();
  });
});

test('a cell has a name of its own', () => {
  expect(createCell(treeCell(nasArchitecture, 'mine'), 2).config).toEqual({ cell: 'mine', hidden: 2 });
});
