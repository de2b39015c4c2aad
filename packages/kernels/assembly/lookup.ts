/** Embedding rows. */
import { bytes } from './lanes';
import { axpy } from './elementwise';

/** out[i] = table[ids[i]], of a table of `rows` rows of `width` floats; NaN where the int32 id is not in the table. */
export function gather(table: usize, ids: usize, out: usize, count: i32, rows: i32, width: i32): void {
  const size = bytes(width);
  for (let i = 0; i < count; i++, out += size) {
    const id = load<i32>(ids + bytes(i));
    let to = out;
    let n = width;
    if (<u32>id >= <u32>rows) {
      for (; n > 0; n--, to += 4) store<f32>(to, f32.NaN);
      continue;
    }
    let from = table + <usize>id * size;
    for (; n >= 4; n -= 4, to += 16, from += 16) v128.store(to, v128.load(from));
    for (; n > 0; n--, to += 4, from += 4) store<i32>(to, load<i32>(from));
  }
}

/**
 * dTable[ids[i]] += dOut[i], in the order of i, for the first `columns` of their `width` columns; nothing where the id is not
 * in the table.
 */
export function scatterAdd(dOut: usize, ids: usize, dTable: usize, count: i32, rows: i32, width: i32, columns: i32): void {
  const size = bytes(width);
  for (let i = 0; i < count; i++, dOut += size) {
    const id = load<i32>(ids + bytes(i));
    if (<u32>id < <u32>rows) axpy(1, dOut, dTable + <usize>id * size, columns);
  }
}
