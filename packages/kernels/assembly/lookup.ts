/** Embedding rows. */
import { bytes } from './lanes';
import { axpy } from './elementwise';

/** out[i] = table[ids[i]], rows of `width` floats; ids are int32 and within the table. */
export function gather(table: usize, ids: usize, out: usize, count: i32, width: i32): void {
  const size = bytes(width);
  for (let i = 0; i < count; i++, out += size) {
    let from = table + <usize>load<i32>(ids + bytes(i)) * size;
    let to = out;
    let n = width;
    for (; n >= 4; n -= 4, to += 16, from += 16) v128.store(to, v128.load(from));
    for (; n > 0; n--, to += 4, from += 4) store<i32>(to, load<i32>(from));
  }
}

/** dTable[ids[i]] += dOut[i], in the order of i. */
export function scatterAdd(dOut: usize, ids: usize, dTable: usize, count: i32, width: i32): void {
  const size = bytes(width);
  for (let i = 0; i < count; i++, dOut += size) axpy(1, dOut, dTable + <usize>load<i32>(ids + bytes(i)) * size, width);
}
