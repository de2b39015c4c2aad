import type { Message } from './messages.ts';
import { damaged, type Source, unread } from './source.ts';

const mostDepth = 32;

/** The members of a group, name to address of their headers. */
export function membersOf(source: Source, messages: readonly Message[]): Map<string, number> {
  const members = new Map<string, number>();
  for (const { type, at } of messages) {
    if (type === 0x11) symbolTable(source, source.address(at), source.address(at + source.addressSize), members);
    if (type === 0x06) link(source, at, members);
    if (type === 0x02) {
      const flags = source.uint(at + 1, 1);
      const heap = source.address(at + 2 + (flags & 1 ? 8 : 0));
      if (heap >= 0) throw unread('a group with a fractal heap');
    }
  }
  return members;
}

/** Link messages of newer files; only links within the file lead anywhere here. */
function link(source: Source, at: number, members: Map<string, number>): void {
  const flags = source.uint(at + 1, 1);
  let place = at + 2;
  const kind = flags & 8 ? source.uint(place++, 1) : 0;
  if (flags & 4) place += 8;
  if (flags & 16) place++;
  const width = 1 << (flags & 3);
  const length = source.uint(place, width);
  place += width;
  const name = new TextDecoder().decode(source.slice(place, length));
  if (kind !== 0) throw unread(`a link of kind ${kind}, to another place or file,`);
  members.set(name, source.address(place + length));
}

function symbolTable(source: Source, tree: number, heap: number, members: Map<string, number>): void {
  source.expect(heap, 'HEAP');
  const heapSize = source.length(heap + 8);
  const heapData = source.address(heap + 8 + 2 * source.lengthSize);
  source.require(heapData, heapSize);
  const seen = new Set<number>();
  const visit = (at: number, depth: number): void => {
    if (seen.has(at) || depth > mostDepth) throw damaged('a tree of names refers to itself');
    seen.add(at);
    source.spend(1);
    if (source.has(at, 'SNOD')) {
      const entry = 2 * source.addressSize + 24;
      const count = source.uint(at + 6, 2);
      source.require(at + 8, count * entry);
      for (let i = 0; i < count; i++) {
        const place = at + 8 + i * entry;
        const offset = source.uint(place, source.addressSize);
        if (offset >= heapSize) throw damaged('a name is not in its heap');
        const name = source.textAt(heapData + offset, heapSize - offset);
        source.spend(1 + name.length);
        if (source.uint(place + 2 * source.addressSize, 4) === 2)
          throw unread(`a symbolic link ('${name.slice(0, 40)}')`);
        members.set(name, source.address(place + source.addressSize));
      }
      return;
    }
    source.expect(at, 'TREE');
    if (source.uint(at + 4, 1) !== 0) throw damaged('a tree of names is of another kind');
    const count = source.uint(at + 6, 2);
    let place = at + 8 + 2 * source.addressSize + source.lengthSize;
    for (let i = 0; i < count; i++, place += source.addressSize + source.lengthSize) {
      visit(source.address(place), depth + 1);
    }
  };
  visit(tree, 0);
}
