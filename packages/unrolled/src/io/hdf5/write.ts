import { type Shape, sizeOf } from '../../shape.ts';
import type { Bytes } from '../bytes.ts';

/** What is written: float32 numbers with their shape, or a group of members by name. */
export type HdfMember = HdfGroup | { readonly shape: Shape; readonly data: ArrayLike<number> };

export interface HdfGroup {
  /** A text, or a list of texts. */
  readonly attributes?: Readonly<Record<string, string | readonly string[]>>;
  readonly members: Readonly<Record<string, HdfMember>>;
}

const encoder = new TextEncoder();
const undefinedAddress = 0xffff_ffff_ffff_ffffn;
/** Children of a node of a tree of names, and names in one of its leaves, halved, as HDF5's defaults have them. */
const treeHalf = 16;
const leafHalf = 4;
const superblockSize = 96;

const padded = (n: number): number => Math.ceil(n / 8) * 8;

/** Bytes that grow at their end. */
class Bytewise {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  #grow(more: number): number {
    const at = this.length;
    this.length += more;
    if (this.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  /** Whole numbers of a width in bytes. */
  put(width: 1 | 2 | 4, ...values: readonly number[]): this {
    for (const value of values) {
      const at = this.#grow(width);
      if (width === 1) this.#view.setUint8(at, value);
      else if (width === 2) this.#view.setUint16(at, value, true);
      else this.#view.setUint32(at, value, true);
    }
    return this;
  }

  /** Addresses and lengths. */
  long(...values: readonly (number | bigint)[]): this {
    for (const value of values) {
      const at = this.#grow(8);
      this.#view.setBigUint64(at, BigInt(value), true);
    }
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  letters(text: string): this {
    return this.raw(encoder.encode(text));
  }

  /** Zeros up to a length, by default the next multiple of 8. */
  fill(length = padded(this.length)): this {
    this.#grow(Math.max(0, length - this.length));
    return this;
  }

  get bytes(): Bytes {
    return this.#bytes.slice(0, this.length) as Bytes;
  }
}

/**
 * Writes an HDF5 file as version 1.0 and later of the HDF5 library read it: a superblock 0, groups in symbol tables, contiguous
 * float32 numbers, and attributes of text.
 */
export function writeHdf5(root: HdfGroup): Bytes {
  const most = Math.max(1, mostMembers(root));
  // A node has so many leaves at most.
  const half = Math.max(leafHalf, Math.ceil(most / (2 * treeHalf * 2)));
  const writer = new Writer(half);
  const { header, tree, heap } = writer.group(root);
  const superblock = new Bytewise();
  superblock.put(1, 0x89).letters('HDF\r\n').put(1, 0x1a, 0x0a);
  superblock.put(1, 0, 0, 0, 0, 0, 8, 8, 0).put(2, half, treeHalf).put(4, 0);
  superblock.long(0, undefinedAddress, writer.file.length, undefinedAddress);
  superblock.long(0, header).put(4, 1, 0).long(tree, heap);
  const bytes = writer.file.bytes;
  bytes.set(superblock.bytes);
  return bytes;
}

const isGroup = (member: HdfMember): member is HdfGroup => 'members' in member;

const mostMembers = ({ members }: HdfGroup): number =>
  Object.values(members).reduce(
    (most, one) => (isGroup(one) ? Math.max(most, mostMembers(one)) : most),
    Object.keys(members).length,
  );

class Writer {
  readonly file = new Bytewise().fill(superblockSize);
  readonly #half: number;

  constructor(half: number) {
    this.#half = half;
  }

  /** Appends a block. @returns its address */
  #block(block: Bytewise): number {
    this.file.fill();
    const at = this.file.length;
    this.file.raw(block.fill().bytes);
    return at;
  }

  group({ members, attributes = {} }: HdfGroup): { header: number; tree: number; heap: number } {
    const names = Object.keys(members).sort((a, b) => compare(encoder.encode(a), encoder.encode(b)));
    const headers = names.map((name) => {
      const one = members[name];
      return isGroup(one) ? this.group(one).header : this.#dataset(one);
    });
    const texts = new Bytewise().fill(8);
    const offsets = names.map((name) => {
      const at = texts.length;
      texts.letters(name).put(1, 0).fill();
      return at;
    });
    const data = this.#block(texts);
    const heap = this.#block(new Bytewise().letters('HEAP').put(4, 0).long(texts.length, 1, data));
    const leaf = 2 * this.#half;
    const tree = new Bytewise()
      .letters('TREE')
      .put(1, 0, 0)
      .put(2, Math.ceil(names.length / leaf));
    tree.long(undefinedAddress, undefinedAddress, 0);
    for (let from = 0; from < names.length; from += leaf) {
      const part = names.slice(from, from + leaf);
      const node = new Bytewise().letters('SNOD').put(1, 1, 0).put(2, part.length);
      part.forEach((_, i) => {
        node.long(offsets[from + i], headers[from + i], 0, 0, 0);
      });
      tree.long(this.#block(node.fill(8 + leaf * 40)), offsets[from + part.length - 1]);
    }
    const at = this.#block(tree.fill(24 + 2 * treeHalf * 16 + 8));
    const table = new Bytewise().long(at, heap);
    return { header: this.#object([[0x11, table], ...this.#attributes(attributes)]), tree: at, heap };
  }

  #dataset({ shape, data }: { readonly shape: Shape; readonly data: ArrayLike<number> }): number {
    const numbers = Float32Array.from(data);
    const size = 4 * sizeOf(shape);
    const at = size > 0 ? this.#block(new Bytewise().raw(new Uint8Array(numbers.buffer))) : undefinedAddress;
    const type = new Bytewise().put(1, 0x11, 0x20, 0x1f, 0).put(4, 4).put(2, 0, 32).put(1, 23, 8, 0, 23).put(4, 127);
    return this.#object([
      [0x01, dataspace(shape)],
      [0x03, type],
      [0x05, new Bytewise().put(1, 2, 2, 2, 1).put(4, 0)],
      [0x08, new Bytewise().put(1, 3, 1).long(at, size)],
    ]);
  }

  #object(messages: readonly (readonly [type: number, content: Bytewise])[]): number {
    const body = new Bytewise();
    for (const [type, content] of messages) {
      const { bytes } = content.fill();
      body.put(2, type, bytes.length).put(4, 0).raw(bytes);
    }
    const head = new Bytewise().put(1, 1, 0).put(2, messages.length).put(4, 1, body.length, 0);
    return this.#block(head.raw(body.bytes));
  }

  #attributes(attributes: NonNullable<HdfGroup['attributes']>): [number, Bytewise][] {
    return Object.entries(attributes).map(([name, value]) => {
      const { type, space, data } = typeof value === 'string' ? this.#text(value) : list(value);
      const title = new Bytewise().letters(name).put(1, 0);
      const message = new Bytewise().put(1, 1, 0).put(2, title.length, type.length, space.length);
      for (const part of [title, type, space]) message.raw(part.fill().bytes);
      return [0x0c, message.raw(data.bytes)];
    });
  }

  /** Text of any length, which stands in a heap. */
  #text(value: string) {
    const bytes = encoder.encode(value);
    const size = Math.max(4096, 16 + 16 + padded(bytes.length) + 16);
    const heap = new Bytewise().letters('GCOL').put(4, 1).long(size);
    heap.put(2, 1, 1).put(4, 0).long(bytes.length).raw(bytes).fill();
    heap
      .put(2, 0, 0)
      .put(4, 0)
      .long(size - heap.length + 8);
    const at = this.#block(heap.fill(size));
    const character = new Bytewise().put(1, 0x13, 0x10, 0, 0).put(4, 1);
    const type = new Bytewise().put(1, 0x19, 0x01, 0x01, 0).put(4, 16).raw(character.bytes);
    return { type, space: dataspace([]), data: new Bytewise().put(4, bytes.length).long(at).put(4, 1) };
  }
}

/** Texts of one length, padded with zeros. */
function list(values: readonly string[]) {
  const texts = values.map((value) => encoder.encode(value));
  const size = Math.max(1, ...texts.map(({ length }) => length));
  const data = new Bytewise();
  for (const bytes of texts) data.raw(bytes).fill(data.length + size - bytes.length);
  return { type: new Bytewise().put(1, 0x13, 0x11, 0, 0).put(4, size), space: dataspace([values.length]), data };
}

const dataspace = (shape: Shape): Bytewise =>
  new Bytewise()
    .put(1, 1, shape.length, 0, 0)
    .put(4, 0)
    .long(...shape);

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
