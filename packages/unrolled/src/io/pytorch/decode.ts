import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import { requireBytes } from '../bytes.ts';
import type { NamedArray } from '../safetensors.ts';
import { isZip, openZip } from '../zip.ts';
import { bytesOf, readTensor, Storage, StoredTensor, stateDictParts } from './tensors.ts';
import { type Pickled, unpickle } from './unpickle.ts';

/** What `torch.save` wrote. */
export interface PytorchFile {
  /** Tensors by their path: `lstm.weight_ih_l0` of a state dict, `model_state_dict.lstm.weight_ih_l0` of a checkpoint. */
  readonly tensors: Readonly<Record<string, NamedArray>>;
  /** The dicts that hold tensors, by their path; the file's own is ''. */
  readonly dicts: readonly string[];
  /** Plain values beside them, by their path: `epoch`, `optimizer_state_dict.param_groups.0.lr`. */
  readonly values: Readonly<Record<string, number | string | boolean | null>>;
}

/** Whether a file begins as those of `torch.save` do: with a zip archive or a pickle. */
export const isPytorch = (bytes: Uint8Array): boolean => isZip(bytes) || (bytes[0] === 0x80 && bytes[1] <= 5);

/**
 * Reads a `.pt` or `.pth` file: a state dict or a checkpoint with state dicts in it, in PyTorch's zip form (since 1.6) or the
 * one before it. Nothing in the file is run: tensors, parameters, OrderedDicts and plain values are read. float16 and
 * bfloat16 become float32; whole numbers and booleans int32, or float64 where they need it.
 * @throws FormatError if the file is cut off, damaged or of another kind, or holds anything else, such as a whole module,
 *   by name
 */
export function decodePytorch(file: Uint8Array | ArrayBuffer): PytorchFile {
  const bytes = requireBytes('pytorch', file);
  return flattened(isZip(bytes) ? fromZip(bytes) : fromPickles(bytes), bytes.length);
}

/** A dict of tensors that is no model's. */
const otherDict = /(^|\.)(optim|sched|lr_|ema|scaler)/i;

/**
 * The tensors of a model, by the names in its module: those of the file's one state dict, also of a checkpoint with an
 * optimizer's state beside it. The prefix `module.` that DataParallel writes is left out.
 * @throws FormatError if there is none, or more than one
 */
export function stateDictOf({ tensors, dicts }: PytorchFile): Readonly<Record<string, NamedArray>> {
  const own = dicts.filter((path) => !otherDict.test(path));
  const [path] = own.includes('') ? [''] : own;
  if (path === undefined || (path !== '' && own.length > 1)) {
    const found = own.length > 1 ? own.map((one) => shown(one)).join(', ') : 'none';
    throw new FormatError(`pytorch: the file must hold one state dict, found ${found}; save one by itself`, { dicts });
  }
  const start = path === '' ? '' : `${path}.`;
  const names = Object.keys(tensors).filter((name) => name.startsWith(start));
  const wrapped = names.every((name) => name.startsWith(`${start}module.`)) ? `${start}module.` : start;
  return Object.fromEntries(names.map((name) => [name.slice(wrapped.length), tensors[name]]));
}

function fromZip(bytes: Uint8Array): Pickled {
  const zip = openZip('pytorch', bytes);
  const pickle = zip.names.find((name) => /^[^/]+\/data\.pkl$/.test(name) || name === 'data.pkl');
  if (pickle === undefined) {
    throw new FormatError('pytorch: the zip archive has no data.pkl; it is not a file of torch.save');
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (zip.names.some((name) => name.startsWith(`${folder}code/`))) {
    throw new FormatError(
      'pytorch: a TorchScript archive holds code, which is not run; ' +
        'save torch.jit.load(file).state_dict() with torch.save',
    );
  }
  const order = `${folder}byteorder`;
  if (zip.has(order) && new TextDecoder().decode(zip.read(order)).trim() !== 'little') {
    throw new FormatError('pytorch: the numbers are big-endian; save the file on another machine');
  }
  const storages = new Map<string, Storage>();
  const parts = stateDictParts((key, dtype, count) => {
    const storage = storages.get(key) ?? new Storage(dtype, count, zip.read(`${folder}data/${key}`));
    storages.set(key, storage);
    return storage;
  });
  return unpickle(zip.read(pickle), 0, parts).value;
}

const magic = 0x1950a86a20f9469cfc6cn;
const refuse = {
  call(global: { readonly name: string }): never {
    throw new FormatError(
      `pytorch: ${shown(global.name)} stands where PyTorch writes plain values; the file is damaged`,
    );
  },
  persistent(): never {
    throw new FormatError('pytorch: a storage stands where PyTorch writes plain values; the file is damaged');
  },
};

/** The form before PyTorch 1.6: pickles of a magic number, a version, the system and the object, then the numbers. */
function fromPickles(bytes: Uint8Array): Pickled {
  if (bytes[257] === 0x75 && bytes[258] === 0x73 && bytes[259] === 0x74) {
    throw new FormatError('pytorch: a tar file of PyTorch 0.1; load it with PyTorch and save the state dict again');
  }
  if (bytes[0] !== 0x80) throw new FormatError('pytorch: not a file of torch.save: neither a zip archive nor a pickle');
  const first = unpickle(bytes, 0, refuse);
  if (first.value !== magic) {
    throw new FormatError('pytorch: a pickle, but not of torch.save; save a state dict with torch.save');
  }
  const version = unpickle(bytes, first.end, refuse);
  const system = unpickle(bytes, version.end, refuse);
  if (system.value instanceof Map && system.value.get('little_endian') === false) {
    throw new FormatError('pytorch: the numbers are big-endian; save the file on another machine');
  }
  const storages = new Map<string, Storage>();
  const object = unpickle(
    bytes,
    system.end,
    stateDictParts((key, dtype, count) => {
      const storage = storages.get(key) ?? new Storage(dtype, count);
      storages.set(key, storage);
      return storage;
    }),
  );
  const keys = unpickle(bytes, object.end, refuse);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let place = keys.end;
  for (const key of Array.isArray(keys.value) ? keys.value : []) {
    const storage = storages.get(String(key));
    const length = storage && storage.count * bytesOf(storage.dtype);
    if (length === undefined || place + 8 + length > bytes.length) {
      throw new FormatError(`pytorch: the numbers of storage ${shown(key)} are missing; the file is cut off`);
    }
    if (Number(view.getBigInt64(place, true)) !== storage?.count) {
      throw new FormatError(
        `pytorch: storage ${shown(key)} has another size than its tensors say; the file is damaged`,
      );
    }
    storage.bytes = bytes.subarray(place + 8, place + 8 + length);
    place += 8 + length;
  }
  return object.value;
}

const maxDepth = 64;
const maxLeaves = 200_000;
const mostRepeated = 16;

/** Everything by its path. */
function flattened(value: Pickled, fileBytes: number): PytorchFile {
  const tensors: Record<string, NamedArray> = {};
  const values: Record<string, number | string | boolean | null> = {};
  const dicts = new Set<string>();
  let leaves = 0;
  // Many tensors may be views of one storage; a small file must not become large that way.
  let room = fileBytes * mostRepeated;
  const add = (name: string, tensor: StoredTensor): void => {
    const array = readTensor(tensor);
    room -= array.data.byteLength;
    if (room < 0) {
      throw new FormatError(
        `pytorch: the tensors take more than ${mostRepeated} times the file's ${fileBytes} bytes; the file is damaged`,
        { fileBytes },
      );
    }
    define(tensors, name, array);
  };
  const visit = (one: Pickled, path: readonly string[]): void => {
    if (path.length > maxDepth || ++leaves > maxLeaves) {
      throw new FormatError('pytorch: lists and dicts contain each other without end; the file is damaged');
    }
    const name = path.join('.');
    if (one instanceof StoredTensor) add(name, one);
    else if (one instanceof Map) {
      if ([...one.values()].some((item) => item instanceof StoredTensor)) dicts.add(name);
      for (const [key, item] of one) visit(item, [...path, keyOf(key)]);
    } else if (one instanceof Set || Array.isArray(one)) {
      [...one].forEach((item, i) => {
        visit(item, [...path, String(i)]);
      });
    } else if (typeof one === 'bigint') define(values, name, String(one));
    else if (one === null || typeof one !== 'object') define(values, name, one);
  };
  visit(value, []);
  return { tensors, dicts: [...dicts], values };
}

/** Also of a name such as `__proto__`. */
function define<T>(record: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}

const keyOf = (key: Pickled): string => (typeof key === 'object' ? shown(key) : String(key));
