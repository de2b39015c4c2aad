/**
 * The messages of an ONNX file (onnx.proto3): the numbers of the fields that are read and written, and what they become.
 * Other fields are skipped.
 */

type Plain = 'integer' | 'float' | 'double' | 'text' | 'bytes';
export type MessageName = keyof typeof messages;

export interface Field {
  readonly name: string;
  readonly kind: Plain | { readonly message: string };
  readonly repeated: boolean;
}

const one = (name: string, kind: Plain): Field => ({ name, kind, repeated: false });
const many = (name: string, kind: Plain): Field => ({ name, kind, repeated: true });
const part = (name: string, message: string): Field => ({ name, kind: { message }, repeated: false });
const parts = (name: string, message: string): Field => ({ name, kind: { message }, repeated: true });

type Fields = Readonly<Record<number, Field>>;

export const messages = {
  model: {
    1: one('irVersion', 'integer'),
    2: one('producer', 'text'),
    3: one('producerVersion', 'text'),
    7: part('graph', 'graph'),
    8: parts('opsets', 'opset'),
    14: parts('metadata', 'entry'),
    25: parts('functions', 'function'),
  } as Fields,
  opset: { 1: one('domain', 'text'), 2: one('version', 'integer') } as Fields,
  entry: { 1: one('key', 'text'), 2: one('value', 'text') } as Fields,
  function: { 1: one('name', 'text') } as Fields,
  graph: {
    1: parts('nodes', 'node'),
    2: one('name', 'text'),
    5: parts('initializers', 'tensor'),
    11: parts('inputs', 'value'),
    12: parts('outputs', 'value'),
    13: parts('values', 'value'),
    15: parts('sparse', 'sparse'),
  } as Fields,
  sparse: { 3: many('dims', 'integer') } as Fields,
  node: {
    1: many('inputs', 'text'),
    2: many('outputs', 'text'),
    3: one('name', 'text'),
    4: one('operation', 'text'),
    5: parts('attributes', 'attribute'),
    7: one('domain', 'text'),
  } as Fields,
  attribute: {
    1: one('name', 'text'),
    2: one('float', 'float'),
    3: one('integer', 'integer'),
    4: one('text', 'text'),
    5: part('tensor', 'tensor'),
    6: part('graph', 'graph'),
    7: many('floats', 'float'),
    8: many('integers', 'integer'),
    9: many('texts', 'text'),
    20: one('type', 'integer'),
    21: one('reference', 'text'),
  } as Fields,
  tensor: {
    1: many('dims', 'integer'),
    2: one('type', 'integer'),
    4: many('floats', 'float'),
    5: many('int32s', 'integer'),
    7: many('int64s', 'integer'),
    8: one('name', 'text'),
    9: one('raw', 'bytes'),
    10: many('doubles', 'double'),
    11: many('uint64s', 'integer'),
    13: parts('external', 'entry'),
    14: one('location', 'integer'),
  } as Fields,
  value: { 1: one('name', 'text'), 2: part('type', 'type') } as Fields,
  type: { 1: part('tensor', 'tensorType') } as Fields,
  tensorType: { 1: one('type', 'integer'), 2: part('shape', 'shape') } as Fields,
  shape: { 1: parts('dims', 'dimension') } as Fields,
  dimension: { 1: one('value', 'integer'), 2: one('name', 'text') } as Fields,
};

/** Numbers of `attribute.type`. */
export const attributeTypes = { float: 1, integer: 2, text: 3, tensor: 4, graph: 5, floats: 6, integers: 7, texts: 8 };

export interface ModelProto {
  readonly irVersion: number;
  readonly producer: string;
  readonly producerVersion: string;
  readonly graph: GraphProto | null;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly metadata: readonly EntryProto[];
  readonly functions: readonly { readonly name: string }[];
}

export interface EntryProto {
  readonly key: string;
  readonly value: string;
}

export interface GraphProto {
  readonly nodes: readonly NodeProto[];
  readonly name: string;
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueProto[];
  readonly outputs: readonly ValueProto[];
  readonly values: readonly ValueProto[];
  readonly sparse: readonly object[];
}

export interface NodeProto {
  /** '' for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name: string;
  readonly operation: string;
  readonly attributes: readonly AttributeProto[];
  readonly domain: string;
}

export interface AttributeProto {
  readonly name: string;
  readonly float: number;
  readonly integer: number;
  readonly text: string;
  readonly tensor: TensorProto | null;
  readonly graph: GraphProto | null;
  readonly floats: readonly number[];
  readonly integers: readonly number[];
  readonly texts: readonly string[];
  readonly type: number;
  readonly reference: string;
}

export interface TensorProto {
  readonly dims: readonly number[];
  readonly type: number;
  readonly floats: readonly number[];
  readonly int32s: readonly number[];
  readonly int64s: readonly number[];
  readonly name: string;
  readonly raw: Uint8Array;
  readonly doubles: readonly number[];
  readonly uint64s: readonly number[];
  readonly external: readonly EntryProto[];
  readonly location: number;
}

export interface ValueProto {
  readonly name: string;
  readonly type: { readonly tensor: TensorTypeProto | null } | null;
}

export interface TensorTypeProto {
  readonly type: number;
  readonly shape: { readonly dims: readonly { readonly value: number; readonly name: string }[] } | null;
}

/** A message to write: fields left out are not written. */
export type Draft<Proto> = {
  readonly [Name in keyof Proto]?: Proto[Name] extends readonly (infer Item)[]
    ? Item extends object
      ? readonly Draft<Item>[]
      : Proto[Name]
    : Proto[Name] extends Uint8Array
      ? Uint8Array
      : Proto[Name] extends object | null
        ? Draft<NonNullable<Proto[Name]>>
        : Proto[Name];
};
