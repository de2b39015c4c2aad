import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as unrolled from 'unrolled';
import { cellNames } from 'unrolled/nn';
import * as classify from 'unrolled/tasks/classify';
import * as forecast from 'unrolled/tasks/forecast';
import * as languageModel from 'unrolled/tasks/language-model';
import * as tag from 'unrolled/tasks/tag';
import * as translate from 'unrolled/tasks/translate';
import * as training from 'unrolled/train';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, noChromium } from '../chromium.ts';
import { openPage, serveFiles } from '../studio/page.ts';
import { bundlers, type Printed, printedInNode, writePage } from './bundles.ts';
import { documentedExamples } from './examples.ts';
import { run } from './run.ts';
import { type Files, trainAll } from './three-lines.ts';

/** Calls every method of a tensor, and trains a step with every cell: what a bundler must not take apart. */
const methodsAndCells = `
  import { openDevice } from 'unrolled';
  import { cellNames, createCell, defineCell, inference, initialiseParameters, Recurrent } from 'unrolled/nn';
  const device = await openDevice('wasm', { threads: 1 });
  const x = device.tensor([[1, 2], [3, 4]]);
  const calls = {
    neg: [], exp: [], log: [], sqrt: [], abs: [], square: [], tanh: [], sigmoid: [], relu: [], softplus: [], add: [1], sub: [1],
    mul: [2], div: [2], minimum: [2], maximum: [2], greater: [2], equal: [2], less: [2], matmul: [x], reshape: [[4]],
    transpose: [], slice: [0, 0, 1], at: [0], flip: [], broadcastTo: [[2, 2, 2]], sum: [], mean: [], max: [], min: [], argmax: [],
    softmax: [], logSoftmax: [],
  };
  for (const [name, values] of Object.entries(calls)) console.log(name, x[name](...values).toArray());
  const own = defineCell({
    initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
    step(x, { h }, { linear }) {
      const next = linear('in', [x, h]).tanh();
      return { output: next, state: { h: next } };
    },
  });
  for (const cell of [...cellNames, own]) {
    const layer = new Recurrent({ cell, hidden: 4 });
    const parameters = initialiseParameters(layer, [-1, -1, 2], device, 1);
    const loss = layer.run(device.ones([5, 3, 2]), inference).outputs.square().mean();
    parameters.backward(loss);
    console.log(typeof cell === 'string' ? cell : cell.name, loss.item());
  }`;

/** Tests that what README and docs show runs, with the package installed in `project`. */
export function testExamples(project: () => string): void {
  const examples = documentedExamples();
  let models: Files;

  beforeAll(async () => {
    models = await trainAll({
      ...unrolled,
      ...classify,
      ...forecast,
      ...languageModel,
      ...tag,
      ...translate,
      ...training,
    });
  }, 120_000);

  /** With the model that a program asks for in it, as an address that Node and pages can read. */
  const withModel = (program: string): string =>
    program.replaceAll(/\{\{model:(.*?)\}\}/g, (_, task) => {
      return `data:application/octet-stream;base64,${Buffer.from(models[task]).toString('base64')}`;
    });

  test('are found on each page that has some', () => {
    expect(examples.length).toBeGreaterThan(10);
    // Those of models of other programs use every function of unrolled/keras and unrolled/onnx that reads or writes files.
    const names = ['docs-keras-1', 'docs-onnx-1', 'docs-onnx-2', 'docs-model-files-1', 'docs-coming-from-pytorch-1'];
    expect(examples.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });

  test.each(examples)(
    '$name runs in Node as it stands',
    ({ name, program }) => {
      const file = join(project(), `${name}.ts`);
      writeFileSync(file, withModel(program));
      run(process.execPath, [file], project());
    },
    240_000,
  );

  describe('in a page', () => {
    let folder: string;
    let inNode: Printed;

    beforeAll(() => {
      folder = join(project(), 'page');
      const inPages = examples.filter(({ nodeOnly }) => !nodeOnly);
      const programs = inPages.map(({ name, program }) => [
        name,
        withModel(program.replace(/\bsteps: \d{3}/, 'steps: 20')),
      ]);
      writePage(folder, { ...Object.fromEntries(programs), 'methods-and-cells': methodsAndCells });
      inNode = printedInNode(folder);
    }, 120_000);

    test('each runs without an error, and so does every method of tensors and every cell', () => {
      const lines = inNode['methods-and-cells'].split('\n');
      expect(lines.map((line) => line.split(' ')[0]).slice(-cellNames.length - 1)).toEqual([...cellNames, 'own']);
      expect(Object.entries(inNode).filter(([, printed]) => /Error/.test(printed))).toEqual([]);
    });

    test.skipIf(noChromium).each(Object.keys(bundlers))(
      'bundled by %s, each prints in Chromium what it prints in Node',
      async (name) => {
        const out = join(project(), `bundled-by-${name}`);
        await bundlers[name](folder, out);
        const [browser, server] = await Promise.all([launchChromium(), serveFiles(out)]);
        try {
          await using watched = await openPage(browser, server.url);
          expect(await watched.page.evaluate<Printed>('globalThis.printed')).toEqual(inNode);
          expect(watched.problems).toEqual([]);
        } finally {
          await browser.close();
          server.close();
        }
      },
      180_000,
    );
  });
}
