import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSafetensors } from 'unrolled/io';
import { decodeModel, taskOf } from 'unrolled/train';
import { afterAll, expect, test } from 'vitest';
import { publishedFiles } from '../../../test/golden/published.ts';
import { fillCommand } from '../src/commands/fill.ts';
import { importCommand } from '../src/commands/import.ts';
import { inspectCommand } from '../src/commands/inspect.ts';
import { taskCommands, topCommands } from '../src/commands/task.ts';
import { encodePng } from '../src/output/png.ts';
import { readModel } from '../src/run/load.ts';
import { workplace } from './command.ts';
import { picture } from './image-fixtures.ts';
import { printedBy } from './in-process.ts';

const { path: cwd } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);

const [V, E] = [10, 4];

/** The folder of a small GPT-2 whose tokens are digits; all weights are 0 but the embedding: each digit is its own likeliest next. */
function makeGpt2(folder: string, more: object = {}): void {
  mkdirSync(at(folder), { recursive: true });
  const sizes = { n_layer: 1, n_head: 2, n_embd: E, vocab_size: V, n_positions: 16 };
  writeFileSync(at(`${folder}/config.json`), JSON.stringify({ model_type: 'gpt2', ...sizes, ...more }));
  const zeros = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
  const ones = (n: number) => ({ shape: [n], data: new Float32Array(n).fill(1) });
  const h = 'h.0.';
  const angle = (id: number): number => (2 * Math.PI * id) / V;
  const embedding = Float32Array.from({ length: V * E }, (_, i) => {
    const turned = angle(Math.floor(i / E)) + (i % 2 === 0 ? 0 : Math.PI / 2);
    return (i % E < 2 ? 1 : -1) * Math.cos(turned);
  });
  const tensors = {
    ...{ 'wte.weight': { shape: [V, E], data: embedding }, 'wpe.weight': zeros(16, E) },
    ...{
      [`${h}ln_1.weight`]: ones(E),
      [`${h}ln_1.bias`]: zeros(E),
      [`${h}ln_2.weight`]: ones(E),
      [`${h}ln_2.bias`]: zeros(E),
    },
    ...{ [`${h}attn.c_attn.weight`]: zeros(E, 3 * E), [`${h}attn.c_attn.bias`]: zeros(3 * E) },
    ...{ [`${h}attn.c_proj.weight`]: zeros(E, E), [`${h}attn.c_proj.bias`]: zeros(E) },
    ...{ [`${h}mlp.c_fc.weight`]: zeros(E, 4 * E), [`${h}mlp.c_fc.bias`]: zeros(4 * E) },
    ...{ [`${h}mlp.c_proj.weight`]: zeros(4 * E, E), [`${h}mlp.c_proj.bias`]: zeros(E) },
    ...{ 'ln_f.weight': ones(E), 'ln_f.bias': zeros(E) },
  };
  writeFileSync(at(`${folder}/model.safetensors`), encodeSafetensors({ tensors, metadata: { format: 'pt' } }));
}

const sample = (path: string): Promise<string> => {
  const command = topCommands().find((one) => one.name() === 'sample')!;
  return printedBy(
    command,
    path,
    '--prompt',
    '7',
    '--length',
    '3',
    '--temperature',
    '0',
    '--seed',
    '1',
    '--threads',
    '1',
    '--json',
  );
};

test('a folder of a published model is sampled, listed and imported', async () => {
  makeGpt2('gpt2');
  const printed = await sample(at('gpt2'));
  expect(JSON.parse(printed)).toMatchObject({ prompt: '7', text: '777' });
  // Its weights name the folder, too.
  expect(JSON.parse(await sample(at('gpt2/model.safetensors'))).text).toBe('777');
  expect(await printedBy(inspectCommand(), at('gpt2'))).toMatch(
    /GPT-2, 1 blocks of width 4.*h\.0\.attn\.c_attn\.weight +float32 +\[4, 12\].*Everything in it can be opened/s,
  );
  const done = await printedBy(importCommand(), at('gpt2'), at('own/gpt2.safetensors'), '--json');
  expect(JSON.parse(done)).toMatchObject({ format: 'published Transformers', what: 'GPT-2, 1 blocks of width 4' });
  expect(taskOf(decodeModel(readFileSync(at('own/gpt2.safetensors'))))).toBe('language-model');
  // Beside another model's config.json it stays what it is.
  cpSync(at('own/gpt2.safetensors'), at('gpt2/own.safetensors'));
  for (const file of ['own/gpt2.safetensors', 'gpt2/own.safetensors']) expect(await sample(at(file))).toBe(printed);
});

test('what does not fit is named, with the folder', async () => {
  makeGpt2('wide', { n_embd: 8 });
  await expect(sample(at('wide'))).rejects.toThrow(`${at('wide')}: GPT-2: 'wte.weight' is [10, 4] and not [10, 8]`);
  expect(await printedBy(inspectCommand(), at('wide'))).toMatch(/What would not open:\n {2}GPT-2: 'wte.weight' is/);
  makeGpt2('other', { model_type: 'gptj' });
  await expect(sample(at('other'))).rejects.toThrow("model_type is 'gptj'; read are bert, gpt2, llama, vit");
  await expect(printedBy(fillCommand(), at('gpt2'), '[MASK]', '--threads', '1')).rejects.toThrow(
    "holds a model of task 'language-model', not 'masked-language-model'; use it with npx unrolled sample",
  );
  mkdirSync(at('empty'));
  await expect(printedBy(inspectCommand(), at('empty'))).rejects.toThrow('the folder has no config.json');
  expect(() => readModel(at('empty'), undefined)).toThrow('no checkpoint in this folder');
});

/** The folder of a model that PyTorch computed; see test/golden. */
function makeGolden(name: 'bert' | 'vit'): void {
  mkdirSync(at(name));
  for (const [file, bytes] of Object.entries(publishedFiles(name))) writeFileSync(at(`${name}/${file}`), bytes);
}

test('fill prints the likeliest words of each mask of each text', async () => {
  makeGolden('bert');
  const printed = await printedBy(
    fillCommand(),
    at('bert'),
    'a [MASK].',
    '[MASK] b [MASK]',
    '--top',
    '2',
    '--threads',
    '1',
  );
  expect(printed).toMatch(
    /^a \[MASK\]\.\n( +\d+\.\d% {2}\S+\n){2}\[MASK\] b \[MASK\]\n {2}mask 1\n( .*\n){2} {2}mask 2\n( .*\n){2}$/,
  );
  writeFileSync(at('texts.txt'), 'a [MASK].\n\n[MASK]\n');
  const json = await printedBy(fillCommand(), at('bert'), '--file', at('texts.txt'), '--json', '--threads', '1');
  const lines = json
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ text, masks }) => [text, masks.length, masks[0]?.length])).toEqual([
    ['a [MASK].', 1, 5],
    ['', 0, undefined],
    ['[MASK]', 1, 5],
  ]);
});

test('an image classifier of a folder names what is in an image', async () => {
  makeGolden('vit');
  const classify = taskCommands().find((one) => one.name() === 'classify')!;
  const predict = classify.commands.find((one) => one.name() === 'predict')!;
  writeFileSync(at('photo.png'), encodePng(picture(9, 6)));
  const printed = await printedBy(predict, at('vit'), at('photo.png'), '--json', '--threads', '1');
  expect(['cat', 'crane (1)', 'crane (2)', 'dog']).toContain(JSON.parse(printed).label);
});
