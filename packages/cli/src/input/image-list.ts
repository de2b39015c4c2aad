import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Failure, naming } from '../failure.ts';
import { parseCsv } from './csv.ts';
import { isImageFile, labelsOf } from './image-data.ts';
import { filesSet, type ImageData, type LabelledFile } from './image-sets.ts';
import { readTextFiles } from './text-files.ts';

const imageNames = /^(image|file|path)s?(_?(name|path|file))?$|^(filename|filepath)$/i;
const labelNames = /^(label|class|category|target)(es|s|_?name)?$/i;

/** Whether a table lists images: in its first lines there is a column of names of image files. Reads no more than those. */
export function isImageList(path: string): boolean {
  if (!/\.(csv|tsv)$/i.test(path)) return false;
  const start = Buffer.alloc(2 ** 12);
  const bytes = naming(path, () => {
    const file = openSync(path, 'r');
    try {
      return readSync(file, start);
    } finally {
      closeSync(file);
    }
  });
  const lines = start.toString('utf8', 0, bytes).split(/\r?\n/, 2);
  return lines.some((line) => line.split(/[,;\t]/).some((cell) => isImageFile(unquoted(cell))));
}

const unquoted = (cell: string): string => cell.trim().replace(/^"(.*)"$/, '$1');

/**
 * Images that a table lists, one in each row, with their labels: columns `image` and `label`, or two columns without names. Paths
 * are seen from the table's folder.
 * @returns the images, and their files
 * @throws Failure naming the line that is wrong
 */
export async function readImageList(path: string): Promise<ImageData & { readonly files: readonly string[] }> {
  const { columns, rows } = await parseCsv(readTextFiles([path]).texts[0], path);
  const hasNames = !columns.some(isImageFile);
  const all = hasNames ? rows : [{ line: 1, fields: columns }, ...rows];
  const image = hasNames ? columns.findIndex((name) => imageNames.test(name)) : columns.findIndex(isImageFile);
  const named = columns.findIndex((name) => labelNames.test(name));
  const label = hasNames ? named : columns.length === 2 ? 1 - image : -1;
  if (image < 0 || label < 0) {
    throw new Failure(
      `${path}: no column ${image < 0 ? "'image'" : "'label'"}; the first line must name the columns image and label`,
    );
  }
  const cells = all.map(({ line, fields }) => {
    const [name, of] = [fields[image].trim(), fields[label].trim()];
    if (name === '' || of === '') {
      throw new Failure(`${path}: line ${line}: there is no ${name === '' ? 'image' : `label of '${name}'`}`);
    }
    return { name, of };
  });
  const labels = labelsOf(
    path,
    cells.map(({ of }) => of),
  );
  const files = cells.map(({ name, of }): LabelledFile => {
    return { path: resolve(dirname(path), name), name, label: labels.indexOf(of) };
  });
  return {
    ...{ format: 'list', labels, train: filesSet(path, files), test: null },
    files: files.map((file) => file.path),
  };
}
