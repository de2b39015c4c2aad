import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The files of the library whose code is in a bundle of this program. */
async function partsOf(contents: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents, resolveDir: `${root}/test`, loader: 'ts' },
    ...{ bundle: true, format: 'esm', write: false, metafile: true, logLevel: 'error' },
  });
  const [output] = Object.values(metafile.outputs);
  const used = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return used.map(([path]) => path.replace(/^.*packages\/unrolled\/src\//, ''));
}

test('one who imports a single layer gets no other, and no table of them', async () => {
  const parts = await partsOf("import { Linear } from 'unrolled/nn'; console.log(Linear);");
  const layers = parts.filter((path) => path.startsWith('nn/')).sort();
  expect(layers).toEqual(['nn/buildable.ts', 'nn/layer-config.ts', 'nn/linear.ts']);
});

test('a language model brings the layers it is made of, and not those of other tasks', async () => {
  const parts = await partsOf(
    "import { LanguageModel } from 'unrolled/tasks/language-model'; console.log(LanguageModel);",
  );
  expect(parts).toContain('nn/recurrent.ts');
  for (const other of ['nn/crf.ts', 'nn/attention.ts', 'nn/layer-from.ts', 'nn/seq2seq/decoder.ts', 'nn/pooling.ts'])
    expect(parts).not.toContain(other);
});
