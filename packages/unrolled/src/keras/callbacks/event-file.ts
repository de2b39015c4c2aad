/** One event of TensorBoard's format, a protobuf message. */
export interface TensorBoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  /** Only in the first event of a file. */
  readonly fileVersion?: string;
  /** Numbers by their tag. */
  readonly scalars?: Readonly<Record<string, number>>;
}

/** The table of CRC-32C (Castagnoli), polynomial 0x1EDC6F41, bits reversed. */
function castagnoli(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    return crc >>> 0;
  });
}

let table: Uint32Array | null = null;

/** CRC-32C, turned and shifted as record files have it. */
export function maskedCrc(bytes: Uint8Array): number {
  table ??= castagnoli();
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A record of a file: length, its checksum, the bytes, their checksum; little-endian. */
export function encodeRecord(bytes: Uint8Array): Uint8Array {
  const record = new Uint8Array(bytes.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(bytes.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(bytes, 12);
  view.setUint32(12 + bytes.length, maskedCrc(bytes), true);
  return record;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

const field = (number: number, wire: 0 | 1 | 2 | 5): number[] => varint(number * 8 + wire);
const message = (number: number, bytes: readonly number[]): number[] => [
  ...field(number, 2),
  ...varint(bytes.length),
  ...bytes,
];
const text = (number: number, value: string): number[] => message(number, Array.from(new TextEncoder().encode(value)));

function double(number: number, value: number): number[] {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return [...field(number, 1), ...bytes];
}

function float(number: number, value: number): number[] {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [...field(number, 5), ...bytes];
}

/** Event: wall_time = 1, step = 2, file_version = 3, summary = 5 of values = 1, each tag = 1 and simple_value = 2. */
export function encodeEvent({ wallTime, step = 0, fileVersion, scalars }: TensorBoardEvent): Uint8Array {
  const values = Object.entries(scalars ?? {}).flatMap(([tag, value]) =>
    message(1, [...text(1, tag), ...float(2, value)]),
  );
  return Uint8Array.from([
    ...double(1, wallTime),
    ...(step > 0 ? [...field(2, 0), ...varint(step)] : []),
    ...(fileVersion === undefined ? [] : text(3, fileVersion)),
    ...(values.length > 0 ? message(5, values) : []),
  ]);
}
