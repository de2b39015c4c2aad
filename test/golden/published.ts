/** The small models of transformers.json as they are published: files by name. */
import { encodeSafetensors, type NamedArray } from 'unrolled/io';
import type { ModelFolder } from 'unrolled/pretrained';
import { type GoldenTransformer, loadTransformers } from './load.ts';

export type Tensors = Record<string, NamedArray>;

/** The tensors of a model, whose numbers are stored times 64. */
export function tensorsOf({ tensors, data }: GoldenTransformer): Tensors {
  const numbers = Int8Array.from(atob(data), (character) => character.charCodeAt(0));
  let place = 0;
  return Object.fromEntries(
    Object.entries<number[]>(JSON.parse(tensors)).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      place += size;
      return [name, { shape, data: Float32Array.from(numbers.subarray(place - size, place), (n) => n / 64) }];
    }),
  );
}

export const encode = (value: object | string): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

export const folderOf = (files: Readonly<Record<string, Uint8Array>>): ModelFolder => ({
  names: Object.keys(files),
  read: (name) => files[name],
});

/** The vocabulary of BERT. */
export const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'b', 'c', 'd', '.'];

export const publishedNames = ['gpt2', 'llama', 'bert', 'vit'] as const;

/** A model's files. Those without `vocab.txt` read and write ten digits. @param changes  of its config.json */
export function publishedFiles(
  name: (typeof publishedNames)[number],
  tensors?: Tensors,
  changes: object = {},
): Record<string, Uint8Array> {
  const model = loadTransformers()[name];
  return {
    'config.json': encode({ ...JSON.parse(model.config), ...changes }),
    'model.safetensors': encodeSafetensors({ tensors: tensors ?? tensorsOf(model), metadata: { format: 'pt' } }),
    ...(name === 'bert' && { 'vocab.txt': encode(`${words.join('\n')}\n`) }),
  };
}
