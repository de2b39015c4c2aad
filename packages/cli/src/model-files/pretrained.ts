import { basename } from 'node:path';
import { FormatError } from 'unrolled';
import { inspectPretrained, isPretrained, type ModelFolder, readPretrained } from 'unrolled/pretrained';
import { encodeModel } from 'unrolled/train';
import type { ModelFormat, ModelInput } from './format.ts';
import { rowsOf } from './safetensors.ts';

const placeOf = ({ path, names, beside }: ModelInput): { readonly folder: ModelFolder; readonly main: string } => ({
  folder: { names, read: beside },
  main: basename(path),
});

/** Transformers as Hugging Face's libraries write them, a folder each; minGPT's JSON, and files of llama2.c. */
export const pretrained: ModelFormat = {
  name: 'published Transformers',
  endings: ['config.json', '.bin', '.json'],
  fits: isPretrained,
  async import(input) {
    const { folder, main } = placeOf(input);
    const { what, notes, ...model } = readPretrained(folder, main);
    const parameters = Object.values(model.parameters).reduce((sum, { data }) => sum + data.length, 0);
    return { file: encodeModel(model), what, parameters, notes };
  },
  async inspect(input) {
    const { folder, main } = placeOf(input);
    const { kind, tensors, unread } = inspectPretrained(folder, main);
    const problems: string[] = [];
    let what = `published weights of kind '${kind}'`;
    try {
      what = readPretrained(folder, main).what;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      problems.push(error.message);
    }
    const others = unread.map((name) => ({
      name,
      kind: '',
      shape: null,
      parameters: 0,
      refused: 'its type is not read',
    }));
    return { what, rows: [...rowsOf(tensors), ...others], problems };
  },
};
