import type { Random } from 'unrolled';
import { decodeModel, encodeModel } from '../../packages/unrolled/src/io/onnx/messages.ts';
import { operationNames } from '../../packages/unrolled/src/onnx/operators/index.ts';
import { withOtherBytes } from '../damage/bytes.ts';
import { changeContent } from '../damage/content.ts';

/** A file with some of it changed: its bytes, or what they say. */
export function mutated(file: Uint8Array, random: Random): Uint8Array {
  if (random.below(3) === 0) return withOtherBytes(file, random);
  const model = decodeModel(file) as unknown as Record<string, unknown>;
  changeContent(model, operationNames, random);
  return encodeModel(model);
}
