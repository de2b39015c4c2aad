import { shown } from '../checks.ts';
import { FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import { sizeOf } from '../shape.ts';
import type { JsonObject, Tensors } from './folder.ts';

interface Stored {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: string;
}

const isStored = (value: unknown): value is Stored => {
  const { shape, dtype, data } = (value ?? {}) as Partial<Stored>;
  return Array.isArray(shape) && typeof dtype === 'string' && typeof data === 'string';
};

/** Whether an object of JSON is a model of minGPT with its tensors in base64. */
export const isMinGptJson = (file: JsonObject): boolean =>
  typeof file.config === 'object' && isStored(file['transformer.wte.weight']);

/** The tensors in such a file: float32 in base64, little-endian. @throws FormatError if one is damaged */
export function tensorsOfMinGptJson(file: JsonObject): Tensors {
  const tensors: Record<string, NamedArray> = {};
  for (const [name, value] of Object.entries(file)) {
    if (!isStored(value)) continue;
    const { shape, dtype, data } = value;
    if (dtype !== 'torch.float32')
      throw new FormatError(`minGPT: ${shown(name)} is of type ${shown(dtype)}, not torch.float32`);
    const bytes = Uint8Array.from(base64(name, data), (character) => character.charCodeAt(0));
    if (bytes.length !== 4 * sizeOf(shape)) {
      throw new FormatError(`minGPT: ${shown(name)} has ${bytes.length} bytes for the shape ${shown(shape)}`, { name });
    }
    tensors[name] = { shape, data: new Float32Array(bytes.buffer) };
  }
  return tensors;
}

function base64(name: string, text: string): string {
  try {
    return atob(text);
  } catch (error) {
    throw new FormatError(`minGPT: ${shown(name)} is not base64; the file is damaged`, { name }, { cause: error });
  }
}
