import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, run } from './run.ts';

/** The oldest TypeScript that reads the declarations, one between, and the current one. */
const compilers = ['test', 'tools', '.'].map((folder) => {
  const path = join(root, folder, 'node_modules', 'typescript');
  return { version: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')).version as string, path };
});

/** Neither the page's types nor Node's: the library needs none of them. */
const options = {
  ...{
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
  },
  ...{ skipLibCheck: false, noEmit: true, target: 'es2022', lib: ['es2022'], types: [] },
};

const esModule = (subpaths: readonly string[]): string => `
  import { openDevice, type Tensor } from 'unrolled';
  import { Linear, initialiseParameters, unroll, createCell } from 'unrolled/nn';
  import { Optimizer } from 'unrolled/optim';
  import { train, type TrainEvent, type TrainingTask } from 'unrolled/train';
  import { LanguageModel, generate, type GenerateOptions } from 'unrolled/tasks/language-model';
  ${subpaths.map((subpath, i) => `export * as part${i} from '${subpath}';`).join('\n')}
  const device = await openDevice('wasm', { threads: undefined });
  const layer = new Linear({ units: 3 });
  const parameters = initialiseParameters(layer, [-1, 4], device, 1);
  const y: Tensor = layer.apply(device.ones([2, 4])).tanh().sum();
  parameters.backward(y);
  new Optimizer(parameters, { method: 'adam' }).update({ learningRate: 1e-3, clipNorm: undefined });
  unroll(createCell('gru', 4), device.zeros([3, 2, 4]), null, { lengths: undefined, probe: undefined });
  // @ts-expect-error: there is no such method
  new Optimizer(parameters, { method: 'nothing' });
  export async function learn(task: TrainingTask, model: LanguageModel, options: GenerateOptions): Promise<string> {
    const stop = { aborted: false };
    for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 1e-3, steps: 1, signal: stop })) {
      const seen: TrainEvent = event;
      if (seen.type === 'done') break;
    }
    let text = '';
    for await (const piece of generate(model, options)) text += piece;
    return text;
  }`;

const commonJs = `
  export async function double(): Promise<number> {
    const { openDevice } = await import('unrolled');
    const { cellNames } = await import('unrolled/nn');
    const device = await openDevice();
    return device.tensor([1, cellNames.length]).mul(2).sum().item();
  }`;

/** Tests that strict users of several compilers can compile against the package installed in `project`. */
export function testDeclarations(project: () => string): void {
  const compile = (compiler: string, module: string, name: string, code: string): void => {
    writeFileSync(join(project(), name), code);
    const config = { compilerOptions: { ...options, module }, files: [name] };
    writeFileSync(join(project(), 'tsconfig.json'), JSON.stringify(config));
    run(process.execPath, [join(compiler, 'bin', 'tsc'), '-p', 'tsconfig.json'], project());
  };

  test('the declarations are read by TypeScript 5.5, 6 and 7', () => {
    expect(compilers.map(({ version }) => version.replace(/^(5\.\d+|\d+).*/, '$1'))).toEqual(['5.5', '6', '7']);
  });

  test.each(compilers)(
    'TypeScript $version: every subpath, strict, with libraries checked and without dom',
    ({ path }) => {
      const { exports } = JSON.parse(readFileSync(join(root, 'packages/unrolled/package.json'), 'utf8'));
      const subpaths = Object.keys(exports).map((subpath) => subpath.replace(/^\./, 'unrolled'));
      compile(path, 'node16', 'typed.mts', esModule(subpaths));
    },
  );

  test.each(compilers)('TypeScript $version: from CommonJS by import()', ({ path }) => {
    compile(path, 'node16', 'common.cts', commonJs);
  });

  test('CommonJS can also require it', () => {
    writeFileSync(
      join(project(), 'required.cjs'),
      `const { openDevice } = require('unrolled');
       openDevice('wasm', { threads: 1 }).then((device) => console.log(device.tensor([1, 2]).square().sum().item()));`,
    );
    expect(run(process.execPath, ['required.cjs'], project())).toBe('5\n');
  });
}
