import { type Device, type Random, type Tensor, UnrolledError } from 'unrolled';
import { openOnnx } from 'unrolled/onnx';
import { decodeModel, encodeModel } from '../../packages/unrolled/src/io/onnx/messages.ts';
import { operationNames } from '../../packages/unrolled/src/onnx/operators/index.ts';

/** A file with some of it changed: its bytes, or what they say. */
export const mutated = (file: Uint8Array, random: Random): Uint8Array =>
  random.below(3) === 0 ? withOtherBytes(file, random) : withOtherContent(file, random);

type Place = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string | number };

/** A file whose form is right, with other numbers, names, attributes, nodes. */
function withOtherContent(file: Uint8Array, random: Random): Uint8Array {
  const model = decodeModel(file) as unknown as Record<string, unknown>;
  for (let n = 1 + random.below(2); n > 0; n--) {
    const places: Place[] = [];
    const names: string[] = [];
    const visit = (holder: Place['holder']): void => {
      for (const [key, value] of Object.entries(holder)) {
        // Of long lists of numbers a few are enough.
        if (Array.isArray(holder) && typeof value === 'number' && Number(key) > 8) break;
        places.push({ holder, key });
        if (typeof value === 'string') names.push(value);
        if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) visit(value as Place['holder']);
      }
    };
    visit(model);
    const { holder, key } = places[random.below(places.length)];
    const at = holder as Record<string | number, unknown>;
    const isItem = Array.isArray(holder);
    const value = changed(at[key], names, random);
    if (!isItem || (value !== null && value !== undefined)) at[key] = value;
  }
  return encodeModel(model);
}

const numbers = [
  0,
  1,
  -1,
  2,
  3,
  7,
  100,
  65536,
  2 ** 20,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 53 - 1,
  -(2 ** 53) + 1,
];

function changed(value: unknown, names: readonly string[], random: Random): unknown {
  const pick = <Item>(list: readonly Item[]): Item => list[random.below(list.length)];
  if (typeof value === 'number') return random.below(2) ? pick(numbers) : Math.trunc(value) + pick([-1, 1]);
  if (typeof value === 'string') return random.below(2) ? pick(names) : pick(operationNames);
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice(0, random.below((value as Uint8Array).length + 1));
  if (!Array.isArray(value)) return value === null ? undefined : pick([value, null]);
  const list: unknown[] = [...value];
  const i = random.below(list.length + 1);
  if (random.below(2) || list.length === 0) list.splice(i, 1);
  else list.splice(i, 0, pick(list));
  return list;
}

function withOtherBytes(file: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(file);
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(Math.max(1, bytes.length));
    const length = random.below(40);
    switch (random.below(7)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + length));
        break;
      case 4:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at));
        break;
      case 5:
        // A number that is larger than any there should be.
        bytes = joined(
          bytes.subarray(0, at),
          Uint8Array.from({ length: 1 + random.below(9) }, () => 255),
          Uint8Array.of(1),
          bytes.subarray(at + 1),
        );
        break;
      default: {
        const from = random.below(Math.max(1, bytes.length));
        bytes.set(
          bytes.slice(from, Math.min(from + length, bytes.length - at + from)).subarray(0, bytes.length - at),
          at,
        );
      }
    }
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export interface Outcome {
  readonly kind: 'ran' | 'refused' | 'crashed';
  readonly error: Error | null;
  /** Of this process, whatever else the machine does. */
  readonly milliseconds: number;
}

/** Opens a file that may be damaged, and runs it with these tensors, whose names and shapes may no longer fit. */
export async function attempt(device: Device, file: Uint8Array, inputs: readonly Tensor[]): Promise<Outcome> {
  const start = process.cpuUsage();
  const outcome = (kind: Outcome['kind'], error: Error | null): Outcome => ({
    kind,
    error,
    milliseconds: process.cpuUsage(start).user / 1000,
  });
  try {
    const model = await openOnnx(device, file);
    try {
      const named = Object.fromEntries(model.inputs.map(({ name }, i) => [name, inputs[i % inputs.length]]));
      device.release(model.run(named));
    } finally {
      model.close();
    }
    return outcome('ran', null);
  } catch (error) {
    return outcome(error instanceof UnrolledError ? 'refused' : 'crashed', error as Error);
  }
}
