import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { Shape } from '../../shape.ts';
import { requireBytes } from '../bytes.ts';
import type { NamedArray } from '../safetensors.ts';
import { filtersOf, readChunks } from './chunks.ts';
import { type Datatype, numbersOf, readDatatype, textsOf } from './datatype.ts';
import { membersOf } from './groups.ts';
import { type Message, messagesOf } from './messages.ts';
import { damaged, Source, unread } from './source.ts';

/** A text, texts or numbers beside a group or a data set. */
export type Attribute = string | readonly string[] | NamedArray;

/** A data set: its form is known, its numbers are read when they are asked for. */
export interface Dataset {
  readonly kind: 'dataset';
  readonly shape: Shape;
  /** Such as 'float32'. */
  readonly dtype: string;
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** @throws FormatError if it holds no numbers, or is damaged */
  read(): NamedArray;
}

export interface Group {
  readonly kind: 'group';
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly members: ReadonlyMap<string, Group | Dataset>;
}

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether a file begins as HDF5 files do. */
export const isHdf5 = (bytes: Uint8Array): boolean => signature.every((byte, i) => bytes[i] === byte);

const mostObjects = 100_000;
const mostDepth = 64;

/**
 * Reads an HDF5 file as h5py and Keras write it: superblocks 0 to 3; groups in symbol tables or with compact links; numbers of
 * 8 to 64 bits, contiguous, compact or in chunks (deflated, shuffled); texts of fixed and of any length. Numbers are read when
 * they are asked for. Source: HDF5 File Format Specification 3.0 (The HDF Group).
 * @returns its root group
 * @throws FormatError if the file is cut off or damaged, or uses a part of the format that is not read, by name
 */
export function readHdf5(file: Uint8Array | ArrayBuffer): Group {
  const bytes = requireBytes('hdf5', file);
  if (!isHdf5(bytes)) throw new FormatError('hdf5: the file does not begin as an HDF5 file does');
  const source = new Source(bytes);
  const reader = new Reader(source);
  const root = reader.object(rootOf(source), 0, []);
  if (root.kind !== 'group') throw damaged('its root is no group');
  return root;
}

/** The address of the root's header. */
function rootOf(source: Source): number {
  const version = source.uint(8, 1);
  if (version > 3) throw unread(`version ${version} of the format`);
  const isOld = version < 2;
  source.addressSize = source.uint(isOld ? 13 : 9, 1);
  source.lengthSize = source.uint(isOld ? 14 : 10, 1);
  if (![source.addressSize, source.lengthSize].every((size) => [2, 4, 8].includes(size))) {
    throw damaged(`addresses of ${source.addressSize} bytes`);
  }
  if (!isOld) {
    source.base = source.address(12);
    return source.address(12 + 3 * source.addressSize);
  }
  const start = 24 + (version === 1 ? 4 : 0);
  source.base = source.address(start);
  return source.address(start + 4 * source.addressSize + source.addressSize);
}

class Reader {
  readonly #source: Source;
  /** Addresses of the groups around the current one: a link to one of them is a circle. */
  #objects = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  object(at: number, depth: number, around: readonly number[]): Group | Dataset {
    if (++this.#objects > mostObjects) throw damaged('it has too many groups and data sets');
    if (around.includes(at) || depth > mostDepth) throw damaged('its links lead in a circle');
    const source = this.#source;
    const messages = messagesOf(source, at);
    const attributes = this.#attributes(messages);
    if (messages.some(({ type }) => type === 0x08)) return this.#dataset(messages, attributes);
    const members = new Map<string, Group | Dataset>();
    for (const [name, address] of membersOf(source, messages)) {
      members.set(name, this.object(address, depth + 1, [...around, at]));
    }
    return { kind: 'group', attributes, members };
  }

  #attributes(messages: readonly Message[]): Map<string, Attribute> {
    const found = new Map<string, Attribute>();
    for (const message of messages) {
      if (message.type === 0x15) {
        const flags = this.#source.uint(message.at + 1, 1);
        if (this.#source.address(message.at + 2 + (flags & 1 ? 2 : 0)) >= 0)
          throw unread('attributes in a fractal heap');
      }
      if (message.type !== 0x0c) continue;
      const attribute = this.#attribute(message);
      if (attribute) found.set(...attribute);
    }
    return found;
  }

  #attribute({ at, size }: Message): [string, Attribute] | null {
    const source = this.#source;
    const version = source.uint(at, 1);
    if (version < 1 || version > 3) throw damaged(`an attribute of version ${version}`);
    if (version > 1 && source.uint(at + 1, 1) & 3) throw unread('a datatype or form that several objects share');
    const sizes = [2, 4, 6].map((place) => source.uint(at + place, 2));
    const padded = (n: number): number => (version === 1 ? Math.ceil(n / 8) * 8 : n);
    let place = at + 8 + (version === 3 ? 1 : 0);
    const name = source.textAt(place, sizes[0]);
    place += padded(sizes[0]);
    const type = readDatatype(source, place);
    place += padded(sizes[1]);
    const shape = this.#shape(place);
    place += padded(sizes[2]);
    if (shape === null || type.kind === 'other') return null;
    const count = shape.reduce((all, n) => all * n, 1);
    const length = count * type.size;
    if (place + length > at + size) throw damaged(`the attribute ${shown(name)} reaches beyond its message`);
    const bytes = source.slice(place, length);
    if (type.kind === 'float' || type.kind === 'int') return [name, { shape, data: numbersOf(bytes, type) }];
    const texts = textsOf(source, bytes, type, count);
    return [name, shape.length === 0 ? texts[0] : texts];
  }

  /** A dataspace message; null for one without elements. */
  #shape(at: number): Shape | null {
    const source = this.#source;
    const version = source.uint(at, 1);
    const rank = source.uint(at + 1, 1);
    if (version === 2 && source.uint(at + 3, 1) === 2) return null;
    if ((version !== 1 && version !== 2) || rank > 32) throw damaged(`a form of version ${version} and ${rank} axes`);
    const start = at + (version === 1 ? 8 : 4);
    const shape = Array.from({ length: rank }, (_, i) => source.length(start + i * source.lengthSize));
    const count = shape.reduce((all, n) => all * n, 1);
    if (!Number.isSafeInteger(count) || shape.some((n) => n > 2 ** 40)) throw damaged(`a form of [${shape}]`);
    return shape;
  }

  #dataset(messages: readonly Message[], attributes: Map<string, Attribute>): Dataset {
    const source = this.#source;
    const find = (kind: number): Message => {
      const message = messages.find(({ type }) => type === kind);
      if (!message) throw damaged('a data set lacks its datatype or form');
      return message;
    };
    const type = readDatatype(source, find(0x03).at);
    const shape = this.#shape(find(0x01).at) ?? [0];
    return {
      kind: 'dataset',
      shape,
      dtype: nameOf(type),
      attributes,
      read: () => {
        const size = shape.reduce((all, n) => all * n, 1);
        const bytes = this.#content(messages, find(0x08).at, shape, size * type.size, type);
        return { shape, data: numbersOf(bytes, type) };
      },
    };
  }

  #content(messages: readonly Message[], at: number, shape: Shape, length: number, type: Datatype): Uint8Array {
    const source = this.#source;
    const version = source.uint(at, 1);
    if (version === 1 || version === 2) return this.#oldLayout(messages, at, shape, length, type);
    if (version !== 3 && version !== 4) throw damaged(`a layout of version ${version}`);
    const kind = source.uint(at + 1, 1);
    if (kind === 0) {
      const size = source.uint(at + 2, 2);
      if (size < length) throw damaged(`a data set has ${size} bytes in place of ${length}`);
      return source.slice(at + 4, length);
    }
    if (kind === 1) return this.#contiguous(source.address(at + 2), length);
    if (kind === 2 && version === 3) {
      const rank = source.uint(at + 2, 1);
      const tree = source.address(at + 3);
      const chunk = Array.from({ length: rank }, (_, i) => source.uint(at + 3 + source.addressSize + 4 * i, 4));
      return readChunks(source, { tree, chunk }, shape, type.size, filtersOf(source, messages));
    }
    throw unread('a data set in chunks of the newest form');
  }

  #oldLayout(messages: readonly Message[], at: number, shape: Shape, length: number, type: Datatype): Uint8Array {
    const source = this.#source;
    const [rank, kind] = [source.uint(at + 1, 1), source.uint(at + 2, 1)];
    const place = at + 8;
    if (kind === 1) return this.#contiguous(source.address(place), length);
    if (kind === 0) {
      const start = place + 4 * rank;
      return source.slice(start + 4, length);
    }
    const chunk = Array.from({ length: rank }, (_, i) => source.uint(place + source.addressSize + 4 * i, 4));
    return readChunks(source, { tree: source.address(place), chunk }, shape, type.size, filtersOf(source, messages));
  }

  #contiguous(address: number, length: number): Uint8Array {
    // A data set that was never written holds zeros.
    if (address >= 0) return this.#source.slice(address, length);
    this.#source.claim(length);
    return new Uint8Array(length);
  }
}

const nameOf = (type: Datatype): string => {
  if (type.kind === 'float') return `float${8 * type.size}`;
  if (type.kind === 'int') return `${type.signed ? '' : 'u'}int${8 * type.size}`;
  return type.kind === 'other' ? type.name : 'text';
};
