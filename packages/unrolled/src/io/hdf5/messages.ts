import { damaged, type Source, unread } from './source.ts';

/** A message of an object's header: where its content begins, and its length. */
export interface Message {
  readonly type: number;
  readonly at: number;
  readonly size: number;
}

const continuation = 0x10;
const mostMessages = 65_536;

/** The messages of an object's header, in both versions of the format, with those of its continuations. */
export function messagesOf(source: Source, at: number): Message[] {
  const found: Message[] = [];
  const add = (message: Message): void => {
    if (found.length >= mostMessages) throw damaged('a header has too many messages');
    source.spend(1);
    found.push(message);
  };
  if (source.has(at, 'OHDR')) {
    version2(source, at, add);
    return found;
  }
  if (source.uint(at, 1) !== 1) throw damaged(`there is no object at ${at}`, { at });
  const count = source.uint(at + 2, 2);
  const blocks: [number, number][] = [[at + 16, source.uint(at + 8, 4)]];
  const seen = new Set<number>();
  for (let next = blocks.shift(); next; next = blocks.shift()) {
    const [start, size] = next;
    source.require(start, size);
    if (seen.has(start)) throw damaged('a header continues in itself');
    seen.add(start);
    for (let place = start; place + 8 <= start + size && found.length < count; ) {
      const [type, length, flags] = [source.uint(place, 2), source.uint(place + 2, 2), source.uint(place + 4, 1)];
      if (place + 8 + length > start + size) throw damaged('a message reaches beyond its header');
      add({ type: flags & 2 ? sharedMessage(type) : type, at: place + 8, size: length });
      if (type === continuation)
        blocks.push([source.address(place + 8), source.length(place + 8 + source.addressSize)]);
      place += 8 + length;
    }
  }
  return found;
}

function version2(source: Source, at: number, add: (message: Message) => void): void {
  const flags = source.uint(at + 5, 1);
  let place = at + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const width = 1 << (flags & 3);
  const first = source.uint(place, width);
  place += width;
  const head = 4 + (flags & 4 ? 2 : 0);
  const blocks: [number, number][] = [[place, first]];
  const seen = new Set<number>();
  for (let next = blocks.shift(); next; next = blocks.shift()) {
    const [start, size] = next;
    source.require(start, size);
    if (seen.has(start)) throw damaged('a header continues in itself');
    seen.add(start);
    for (let one = start; one + head <= start + size; ) {
      const [type, length, own] = [source.uint(one, 1), source.uint(one + 1, 2), source.uint(one + 3, 1)];
      if (one + head + length > start + size) throw damaged('a message reaches beyond its header');
      add({ type: own & 2 ? sharedMessage(type) : type, at: one + head, size: length });
      if (type === continuation) {
        const block = source.address(one + head);
        source.expect(block, 'OCHK');
        // Without its signature and its checksum.
        blocks.push([block + 4, source.length(one + head + source.addressSize) - 8]);
      }
      one += head + length;
    }
  }
}

/** A message that stands in another object: harmless for kinds that are not needed. */
function sharedMessage(type: number): number {
  if ([1, 3, 8, 11].includes(type)) throw unread('a datatype or form that several objects share');
  return 0;
}
