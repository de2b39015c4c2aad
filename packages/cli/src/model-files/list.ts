import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure, naming } from '../failure.ts';
import type { ModelFormat, ModelInput } from './format.ts';
import { keras, tfjs } from './keras.ts';
import { onnx } from './onnx.ts';
import { pretrained } from './pretrained.ts';
import { pytorch } from './pytorch.ts';
import { safetensors } from './safetensors.ts';

/** The formats of model files; the first that fits a file's content reads it. */
export const modelFormats: readonly ModelFormat[] = [safetensors, pretrained, tfjs, keras, pytorch, onnx];

/**
 * Reads a file that a format's content tells apart, or the config.json of a folder with a published model.
 * @param config  the path of the architecture, for files of weights alone
 */
export function readModelInput(given: string, config?: string): ModelInput {
  const path = fileOf(given);
  const text = config === undefined ? null : naming(config, () => readFileSync(config, 'utf8'));
  return {
    path,
    bytes: naming(path, () => readFileSync(path)),
    names: naming(path, () => readdirSync(dirname(path))),
    beside(name) {
      if (name !== basename(name) || name === '..' || name.includes('\\')) {
        throw new Failure(`${path}: it names the file '${name.slice(0, 80)}', which is not in the same folder`);
      }
      const file = join(dirname(path), name);
      return naming(file, () => readFileSync(file));
    },
    config: text,
  };
}

/** @throws Failure if the folder has no config.json, or is a run */
function fileOf(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  const file = join(path, 'config.json');
  if (!existsSync(file)) throw new Failure(`${path}: the folder has no config.json; name a file of a model`);
  if (naming(file, () => readFileSync(file, 'utf8')).includes('"unrolled":')) {
    throw new Failure(`${path}: it is a run of this program; write its model to a file with npx unrolled export`);
  }
  return file;
}

/** @throws Failure naming the formats there are */
export function formatOfContent(path: string, bytes: Uint8Array): ModelFormat {
  const found = modelFormats.find((format) => format.fits(bytes));
  if (found) return found;
  throw new Failure(`${path}: it is of no format that is read here: ${described((format) => !!format.inspect)}`);
}

/** The format that a file of this name is written in. @throws Failure naming the endings there are */
export function formatOfName(path: string): ModelFormat {
  const ends = modelFormats.filter((format) => format.endings.some((ending) => path.toLowerCase().endsWith(ending)));
  const found = ends.find((format) => format.export) ?? ends[0];
  if (found?.export) return found;
  const endings = modelFormats.flatMap((format) => (format.export ? format.endings : [])).join(', ');
  const what = found ? `${found.name} is read, but not written` : 'its ending names no format';
  throw new Failure(`${path}: ${what}; use one of ${endings}`, 2);
}

/** The names and endings of the formats that can do something. */
export const described = (can: (format: ModelFormat) => boolean): string =>
  modelFormats
    .filter(can)
    .map(({ name, endings }) => `${name} (${endings.join(', ')})`)
    .join(', ');
