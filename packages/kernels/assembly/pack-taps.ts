/**
 * A convolution's weights in the form that its kernels read, and sums in that form as weights. A tap is one place of the
 * window; weights are stored [outputs, inputs, taps], the gradient of the input takes them as [inputs, outputs, taps] by
 * exchanging the strides.
 */
import { bytes, loadPart } from './lanes';
import { packRight, PANEL } from './pack';

/**
 * Packs W [k, outputs] in panels of eight columns, as `packRight` does; row t · inputs + i of W is tap number t of input i.
 *
 * @param outputStride floats from output to output as stored; likewise inputStride
 * @param taps int32 [tapCount]: floats from the first tap
 * @param out packedSize(tapCount · inputs, outputs, 8) floats
 */
export function packTaps(weight: usize, outputStride: i32, inputStride: i32, inputs: i32, outputs: i32, taps: usize, tapCount: i32, out: usize): void {
  const k = tapCount * inputs;
  if (tapCount == 1 && inputStride == 1) {
    packRight(weight + bytes(load<i32>(taps)), outputStride, 1, k, outputs, PANEL, out);
    return;
  }
  if (tapCount == 1 && outputStride == 1) {
    packRight(weight + bytes(load<i32>(taps)), inputStride, 0, k, outputs, PANEL, out);
    return;
  }
  for (let j = 0; j < outputs; j += PANEL, out += bytes(k * PANEL)) {
    for (let r = 0; r < PANEL; r++) {
      let to = out + bytes(r);
      for (let t = 0; t < tapCount; t++) {
        let from = weight + bytes((j + r) * outputStride + load<i32>(taps + bytes(t)));
        for (let i = 0; i < inputs; i++, from += bytes(inputStride), to += bytes(PANEL)) {
          store<f32>(to, j + r < outputs ? load<f32>(from) : 0);
        }
      }
    }
  }
}

/** out [tapCount, n] ← the taps of weight [n, stride]. */
export function packDepthwise(weight: usize, stride: i32, n: i32, taps: usize, tapCount: i32, out: usize): void {
  for (let t = 0; t < tapCount; t++) {
    let from = weight + bytes(load<i32>(taps + bytes(t)));
    for (let i = 0; i < n; i++, from += bytes(stride), out += 4) store<f32>(out, load<f32>(from));
  }
}

/**
 * weight[o, i, t] = Σ over parts, in order, of sums[part, t, i, o], for outputs from … to − 1.
 *
 * @param partStride floats from part to part
 * @param outputs floats from row to row of the sums
 */
export function sumTaps(sums: usize, parts: i32, partStride: i32, taps: i32, inputs: i32, outputs: i32, from: i32, to: i32, weight: usize): void {
  const next = bytes(inputs * taps);
  for (let o = from; o < to; o += 4) {
    const lanes = min(to - o, 4);
    for (let i = 0; i < inputs; i++) {
      for (let t = 0; t < taps; t++) {
        let p = sums + bytes((t * inputs + i) * outputs + o);
        let v = loadPart(p, lanes);
        for (let part = 1; part < parts; part++) {
          p += bytes(partStride);
          v = f32x4.add(v, loadPart(p, lanes));
        }
        const out = weight + bytes((o * inputs + i) * taps + t);
        v128.store32_lane(out, v, 0);
        if (lanes > 1) v128.store32_lane(out + next, v, 1);
        if (lanes > 2) v128.store32_lane(out + 2 * next, v, 2);
        if (lanes > 3) v128.store32_lane(out + 3 * next, v, 3);
      }
    }
  }
}
