import { afterAll, expect, test } from 'vitest';
import type { Backend, Block } from '../backend.ts';
import { Lab } from '../conformance/lab.ts';
import { cells, forwardLayer, layerInputs } from '../conformance/recurrence.ts';
import { wasmBackend } from './wasm-backend.ts';

const opened: Backend[] = [];
const open = async (limitBytes = 2 ** 28) => {
  opened.push(await wasmBackend({ threads: 1, limitBytes }));
  return opened[opened.length - 1];
};
afterAll(() => {
  for (const backend of opened) backend.close();
});

const whole = { cell: cells.LSTM, T: 1, B: 12, F: 9, H: 17 };
const spec = { ...whole, reverse: false, lengths: null, bias: true };
const valuesOf = (backend: Backend, block: Block) => [...backend.readSync(block)];

/** Everything that changes the content of a block. */
const changes: Record<string, (backend: Backend, block: Block, lab: Lab) => void> = {
  write: (backend, block) => backend.write(block, new Float32Array(block.shape[0] * block.shape[1]).fill(0.25)),
  fill: (backend, block) => backend.fill(block, 0.5),
  copy: (backend, block, lab) => backend.copy(lab.normal(block.shape), block),
  axpy: (backend, block, lab) => backend.axpy(0.5, lab.normal(block.shape), block),
  unary: (backend, block, lab) => backend.unary('tanh', lab.normal(block.shape), block),
  binary: (backend, block, lab) => backend.binary('add', lab.normal(block.shape), lab.normal(block.shape), block),
  optimize: (backend, block, lab) =>
    backend.optimize({
      method: 'sgd',
      weights: block,
      gradients: lab.normal(block.shape),
      learningRate: 0.1,
      decay: 0,
      clipNorm: 0,
      clipValue: 0,
      norm: lab.floats([], [1]),
      loss: null,
      steps: lab.floats([], [0]),
      velocity: null,
      momentum: 0,
      nesterov: false,
    }),
};

test.each(Object.entries(changes))('a weight that was packed before is packed anew after %s', async (_, change) => {
  const [used, fresh] = [await open(), await open()];
  const run = (backend: Backend, weights: { ih: number[]; hh: number[] } | null, before: number) => {
    const lab = new Lab(backend, 5);
    const layer = forwardLayer(lab, spec, layerInputs(lab, spec));
    if (weights !== null) {
      backend.write(layer.weightIh!, weights.ih);
      backend.write(layer.weightHh, weights.hh);
    }
    for (let i = 0; i < before; i++) backend.recurrent(layer);
    if (weights === null) {
      change(backend, layer.weightIh!, lab);
      change(backend, layer.weightHh, lab);
    }
    backend.recurrent(layer);
    return {
      h: valuesOf(backend, layer.h),
      weights: { ih: valuesOf(backend, layer.weightIh!), hh: valuesOf(backend, layer.weightHh) },
    };
  };
  const changed = run(used, null, 4);
  expect(run(fresh, changed.weights, 0).h).toEqual(changed.h);
});

test('kept packings go with their weight', async () => {
  const backend = await open(2 ** 25);
  const lab = new Lab(backend, 6);
  const product = {
    batch: 1,
    m: 20,
    k: 300,
    n: 400,
    transposeA: false,
    transposeB: true,
    accumulate: false,
    sharedB: true,
  };
  const [a, out] = [lab.normal([20, 300]), lab.empty([20, 400])];
  const results = Array.from({ length: 300 }, () => {
    const storage = backend.allocate('float32', 400 * 300);
    const weight: Block = { storage, offset: 0, shape: [400, 300] };
    backend.fill(weight, 0.5);
    for (let i = 0; i < 3; i++) backend.matmul(a, weight, out, product);
    const value = backend.readSync(out)[0];
    backend.release(storage);
    return value;
  });
  // 300 packings of 480 KB would not fit into 32 MB.
  expect(results).toEqual(Array(300).fill(results[0]));
});

test('a weight of any number of columns gives the same packed as it is', async () => {
  const backend = await open();
  const lab = new Lab(backend, 8);
  const [m, k] = [2, 20];
  for (let n = 1; n <= 70; n++) {
    const product = { batch: 1, m, k, n, transposeA: false, transposeB: false, accumulate: false, sharedB: true };
    const [a, weight, out] = [lab.normal([m, k]), lab.normal([k, n]), lab.empty([m, n])];
    const found = [0, 1, 2].map(() => {
      backend.matmul(a, weight, out, product);
      return valuesOf(backend, out);
    });
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  }
});

test('weights of no more than 16 bits give the same bits packed as they are, until they change', async () => {
  for (const threads of [1, 3]) {
    const backend = await wasmBackend({ threads, limitBytes: 2 ** 28 });
    opened.push(backend);
    const lab = new Lab(backend, 7);
    const [k, n] = [300, 700];
    for (const m of [1, 2, 40]) {
      const product = { batch: 1, m, k, n, transposeA: false, transposeB: true, accumulate: false, sharedB: true };
      const [a, out] = [lab.normal([m, k]), lab.empty([m, n])];
      const coarse = Float32Array.from(backend.readSync(lab.normal([n, k])), (x) => Math.round(x * 256) / 256);
      const weight = lab.floats([n, k], [...coarse]);
      const multiply = (): number[] => {
        backend.matmul(a, weight, out, product);
        return valuesOf(backend, out);
      };
      // Read as it is, packed, and from the packed form.
      const found = [multiply(), multiply(), multiply()];
      expect(found[1]).toEqual(found[0]);
      expect(found[2]).toEqual(found[0]);
      backend.write(
        weight,
        coarse.map((x) => x / 3),
      );
      const changed = [multiply(), multiply(), multiply()];
      expect(changed[0]).not.toEqual(found[0]);
      expect(changed[2]).toEqual(changed[0]);
    }
  }
});
