import { FormatError } from '../../errors.ts';
import type { Bytes } from '../bytes.ts';
import { type Draft, type Field, type MessageName, type ModelProto, messages, type TensorProto } from './schema.ts';
import { WireReader, WireWriter, wireTypes } from './wire.ts';

/** Messages within each other; a graph within a branch of a graph is three. */
const deepest = 64;

/**
 * The messages of an ONNX file.
 * @throws FormatError if it is cut off or altered so that it is no longer one
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return decode('model', new WireReader(bytes), 0) as unknown as ModelProto;
}

/** A tensor in a file of its own, as ONNX's tests have them. */
export function decodeTensor(bytes: Uint8Array): TensorProto {
  return decode('tensor', new WireReader(bytes), 0) as unknown as TensorProto;
}

type Message = Record<string, unknown>;

function decode(name: MessageName, reader: WireReader, depth: number): Message {
  if (depth > deepest) {
    throw new FormatError(`onnx: messages lie ${depth} deep within each other; at most ${deepest} are read`, { depth });
  }
  const fields = messages[name];
  const message: Message = {};
  for (const field of Object.values(fields)) message[field.name] = initial(field);
  for (let number = reader.next(); number !== 0; number = reader.next()) {
    const field = Object.hasOwn(fields, number) ? fields[number] : undefined;
    if (field === undefined) reader.skip();
    else if (field.repeated) readMany(field, reader, message[field.name] as unknown[], depth);
    else message[field.name] = readOne(field, reader, depth);
  }
  return message;
}

function initial({ kind, repeated }: Field): unknown {
  if (repeated) return [];
  if (typeof kind === 'object') return null;
  if (kind === 'text') return '';
  return kind === 'bytes' ? new Uint8Array(0) : 0;
}

const wireTypeOf = ({ kind }: Field): number => {
  if (kind === 'integer') return wireTypes.varint;
  if (kind === 'float') return wireTypes.fixed32;
  return kind === 'double' ? wireTypes.fixed64 : wireTypes.bytes;
};

function readMany(field: Field, reader: WireReader, items: unknown[], depth: number): void {
  const isNumber = wireTypeOf(field) !== wireTypes.bytes;
  if (!isNumber || reader.type !== wireTypes.bytes) {
    items.push(readOne(field, reader, depth));
    return;
  }
  const kind = field.kind as 'integer' | 'float' | 'double';
  for (const packed = reader.inner(); !packed.atEnd; ) items.push(packed[kind]());
}

function readOne(field: Field, reader: WireReader, depth: number): unknown {
  reader.requireType(wireTypeOf(field));
  const { kind } = field;
  return typeof kind === 'object' ? decode(kind.message as MessageName, reader.inner(), depth + 1) : reader[kind]();
}

/** The bytes of an ONNX file. */
export function encodeModel(model: Draft<ModelProto>): Bytes {
  return encode('model', model as Message).slice();
}

const utf8 = new TextEncoder();

function encode(name: MessageName, message: Readonly<Message>): Uint8Array {
  const writer = new WireWriter();
  for (const [number, field] of Object.entries<Field>(messages[name])) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    for (const item of field.repeated ? (value as readonly unknown[]) : [value]) {
      writer.key(Number(number), wireTypeOf(field));
      writeOne(field, item, writer);
    }
  }
  return writer.finish();
}

function writeOne({ kind }: Field, value: unknown, writer: WireWriter): void {
  if (typeof kind === 'object') writer.bytes(encode(kind.message as MessageName, value as Message));
  else if (kind === 'text') writer.bytes(utf8.encode(value as string));
  else if (kind === 'bytes') writer.bytes(value as Uint8Array);
  else writer[kind](value as number);
}
