import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';

/** A name in a module, as pickles write it: `torch FloatStorage`. */
export class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What a pickle may hold: Python's None is null, tuples and lists are arrays, dicts maps; objects are what `call` made. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Global
  | Pickled[]
  | Set<Pickled>
  | Map<Pickled, Pickled>
  | object;

/** What a pickle may use besides plain values. Both refuse by throwing. */
export interface Allowed {
  /** The result of calling a global. */
  call(global: Global, args: readonly Pickled[]): Pickled;
  /** The object behind a persistent id. */
  persistent(id: Pickled): Pickled;
}

const mark = Symbol('mark');
type Item = Pickled | typeof mark;

const text = new TextDecoder();
const maxDepth = 1 << 20;

/**
 * Reads one pickle (Python's protocols 0 to 5) without running anything: globals are names, and only `allowed` gives them a
 * meaning.
 * @returns the value, and where the pickle ends
 * @throws FormatError if it is cut off, not a pickle, or uses what is not allowed
 */
export function unpickle(bytes: Uint8Array, start: number, allowed: Allowed): { value: Pickled; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const memo = new Map<number, Pickled>();
  const stack: Item[] = [];
  let at = start;

  const damaged = (what: string): FormatError =>
    new FormatError(`pickle: ${what} at byte ${at}; the file is cut off or damaged`, { at });
  const take = (length: number): number => {
    if (!(length >= 0) || at + length > bytes.length) throw damaged('the data end');
    at += length;
    return at - length;
  };
  const raw = (length: number): Uint8Array => bytes.subarray(take(length), at);
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw damaged('a line does not end');
    const content = text.decode(bytes.subarray(at, end));
    at = end + 1;
    return content;
  };
  const byte = () => view.getUint8(take(1));
  const short = () => view.getUint16(take(2), true);
  const word = () => view.getUint32(take(4), true);
  const long = () => Number(view.getBigUint64(take(8), true));
  const push = (value: Item): void => {
    if (stack.length >= maxDepth) throw damaged('too many values');
    stack.push(value);
  };
  const pop = (): Pickled => {
    const value = stack.pop();
    if (value === undefined || value === mark) throw damaged('a value is missing');
    return value;
  };
  const top = (): Pickled => {
    const value = stack.at(-1);
    if (value === undefined || value === mark) throw damaged('a value is missing');
    return value;
  };
  const toMark = (): Pickled[] => {
    const from = stack.lastIndexOf(mark);
    if (from < 0) throw damaged('a mark is missing');
    const items = stack.splice(from + 1) as Pickled[];
    stack.pop();
    return items;
  };
  const append = (items: readonly Pickled[]): void => {
    const list = top();
    if (!Array.isArray(list)) throw damaged('values are appended to what is no list');
    for (const item of items) list.push(item);
  };
  const setItems = (items: readonly Pickled[]): void => {
    const dict = top();
    if (!(dict instanceof Map) || items.length % 2 > 0) throw damaged('items are set in what is no dict');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  };
  const dictOf = (items: readonly Pickled[]): Pickled => {
    push(new Map());
    setItems(items);
    return pop();
  };
  const remember = (key: number): void => {
    memo.set(key, top());
  };
  const recall = (key: number): void => {
    const value = memo.get(key);
    if (value === undefined) throw damaged(`nothing was remembered as ${key}`);
    push(value);
  };
  const call = (callee: Pickled, args: Pickled): void => {
    if (!(callee instanceof Global)) throw damaged('what is called has no name');
    if (!Array.isArray(args)) throw damaged('the arguments of a call are no tuple');
    push(allowed.call(callee, args));
  };
  const whole = (value: string): number | bigint => {
    if (!/^[+-]?\d{1,1000}$/.test(value)) throw damaged(`${shown(value)} is not a whole number`);
    return narrow(BigInt(value));
  };

  const operations: Readonly<Record<number, () => void>> = {
    128: () => {
      if (byte() > 5) throw damaged('a protocol above 5');
    },
    149: () => take(8), // FRAME
    40: () => push(mark),
    48: () => stack.pop(),
    49: () => toMark(),
    50: () => push(top()),
    // None, booleans, numbers
    78: () => push(null),
    136: () => push(true),
    137: () => push(false),
    73: () => {
      const value = line();
      push(value === '01' ? true : value === '00' ? false : whole(value));
    },
    74: () => push(view.getInt32(take(4), true)),
    75: () => push(byte()),
    77: () => push(short()),
    76: () => push(whole(line().replace(/L$/, ''))),
    138: () => push(signed(raw(byte()))),
    139: () => push(signed(raw(word()))),
    70: () => push(Number(line())),
    71: () => push(view.getFloat64(take(8))),
    // texts and bytes
    83: () => push(line().replace(/^(['"])(.*)\1$/s, '$2')),
    84: () => push(text.decode(raw(word()))),
    85: () => push(text.decode(raw(byte()))),
    86: () => push(line()),
    88: () => push(text.decode(raw(word()))),
    140: () => push(text.decode(raw(byte()))),
    141: () => push(text.decode(raw(long()))),
    66: () => push(raw(word())),
    67: () => push(raw(byte())),
    142: () => push(raw(long())),
    150: () => push(raw(long())),
    // lists, tuples, dicts, sets
    93: () => push([]),
    108: () => push(toMark()),
    97: () => append([pop()]),
    101: () => append(toMark()),
    41: () => push([]),
    116: () => push(toMark()),
    133: () => push([pop()]),
    134: () => push([pop(), pop()].reverse()),
    135: () => push([pop(), pop(), pop()].reverse()),
    125: () => push(new Map()),
    100: () => push(dictOf(toMark())),
    115: () => setItems([pop(), pop()].reverse()),
    117: () => setItems(toMark()),
    143: () => push(new Set<Pickled>()),
    144: () => {
      const items = toMark();
      const set = top();
      if (!(set instanceof Set)) throw damaged('items are added to what is no set');
      for (const item of items) set.add(item);
    },
    145: () => push(new Set(toMark())),
    // the memo
    103: () => recall(Number(line())),
    104: () => recall(byte()),
    106: () => recall(word()),
    112: () => remember(Number(line())),
    113: () => remember(byte()),
    114: () => remember(word()),
    148: () => remember(memo.size),
    // names and calls
    99: () => push(new Global(`${line()}.${line()}`)),
    147: () => {
      const [name, module] = [pop(), pop()];
      if (typeof name !== 'string' || typeof module !== 'string') throw damaged('a name is no text');
      push(new Global(`${module}.${name}`));
    },
    82: () => {
      const args = pop();
      call(pop(), args);
    },
    129: () => {
      const args = pop();
      call(pop(), args);
    },
    98: () => {
      // The attributes of an object: those of a dict (an OrderedDict has `_metadata`) say nothing about its items.
      pop();
      const object = top();
      if (!(object instanceof Map)) throw damaged('attributes are set on what is no dict');
    },
    80: () => push(allowed.persistent(line())),
    81: () => push(allowed.persistent(pop())),
  };

  for (;;) {
    const code = byte();
    if (code === 46) return { value: pop(), end: at };
    const operation = Object.hasOwn(operations, code) ? operations[code] : undefined;
    if (!operation) throw damaged(`instruction ${code} is not one of those that data need`);
    operation();
  }
}

/** A whole number as a number where that is exact. */
const narrow = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** Little-endian, in two's complement. */
function signed(bytes: Uint8Array): number | bigint {
  if (bytes.length > 1000) throw new FormatError(`pickle: a whole number of ${bytes.length} bytes`);
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = value * 256n + BigInt(bytes[i]);
  return narrow(bytes.length > 0 && bytes[bytes.length - 1] > 127 ? value - (1n << BigInt(8 * bytes.length)) : value);
}
