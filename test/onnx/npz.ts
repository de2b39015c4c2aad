import { unzipSync } from 'fflate';

/** Numbers of a NumPy archive, by name; whole numbers as doubles. */
export function readNpz(
  bytes: Uint8Array,
): Record<string, { shape: number[]; numbers: Float64Array; isWhole: boolean }> {
  return Object.fromEntries(
    Object.entries(unzipSync(bytes)).map(([name, file]) => [name.replace(/\.npy$/, ''), readNpy(file)]),
  );
}

function readNpy(file: Uint8Array): { shape: number[]; numbers: Float64Array; isWhole: boolean } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const wide = file[6] > 1;
  const start = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(file.subarray(0, start));
  const type = /'descr': '[<|=]?(\w\d+)'/.exec(header)![1];
  const shape = (/'shape': \(([^)]*)\)/.exec(header)![1].match(/\d+/g) ?? []).map(Number);
  const fortran = header.includes("'fortran_order': True");
  const size = shape.reduce((a, b) => a * b, 1);
  const width = Number(type.slice(1));
  const read: Record<string, (at: number) => number> = {
    f4: (at) => view.getFloat32(at, true),
    f8: (at) => view.getFloat64(at, true),
    i4: (at) => view.getInt32(at, true),
    i8: (at) => Number(view.getBigInt64(at, true)),
    b1: (at) => view.getUint8(at),
  };
  const given = Float64Array.from({ length: size }, (_, i) => read[type](start + i * width));
  if (!fortran || shape.length < 2) return { shape, numbers: given, isWhole: type[0] === 'i' };
  const numbers = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let [rest, place, stride] = [i, 0, 1];
    const index: number[] = [];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    for (let axis = 0; axis < shape.length; axis++) {
      place += index[axis] * stride;
      stride *= shape[axis];
    }
    numbers[i] = given[place];
  }
  return { shape, numbers, isWhole: type[0] === 'i' };
}
