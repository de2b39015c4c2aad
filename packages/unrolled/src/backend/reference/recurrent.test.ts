import { describe, expect, test } from 'vitest';
import { sizeOf } from '../../shape.ts';
import type { Block, RecurrentForward, TypedArray } from '../backend.ts';
import { differences, Lab } from '../conformance/lab.ts';
import {
  backwardLayer,
  cells,
  everything,
  forwardLayer,
  gradientsOf,
  type LayerInputs,
  type LayerSpec,
  layerInputs,
} from '../conformance/recurrence.ts';
import { referenceBackend } from './reference-backend.ts';

const T = 4;
const specs = Object.entries(cells).flatMap(([name, cell]) =>
  [false, true].flatMap((reverse) =>
    [null, [4, 2, 0]].map((lengths): [string, LayerSpec] => {
      const words = `${name}${reverse ? ', reversed' : ''}${lengths ? ', unequal lengths' : ''}`;
      return [words, { cell, T, B: 3, F: 2, H: 3, reverse, lengths, bias: true }];
    }),
  ),
);

/** Inputs of the layer by the name their gradient has. */
const inputOf = {
  dx: 'x',
  dh0: 'h0',
  dc0: 'c0',
  dWeightIh: 'weightIh',
  dWeightHh: 'weightHh',
  dBiasIh: 'biasIh',
  dBiasHh: 'biasHh',
} as const;

const newLab = (seed: number) => new Lab(referenceBackend({ float: 'float64' }), seed);

function read(lab: Lab, block: Block): TypedArray {
  return lab.backend.readSync(block);
}

/** The final state: of the last step walked. */
function finalOf(values: TypedArray, spec: LayerSpec): TypedArray {
  const size = spec.B * spec.H;
  const t = spec.reverse ? 0 : spec.T - 1;
  return values.subarray(t * size, (t + 1) * size);
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);

describe.each(specs)('%s', (_, spec) => {
  const inputs = layerInputs(newLab(3), spec);

  test('gradients equal central differences', () => {
    const lab = newLab(4);
    const layer = forwardLayer(lab, spec, inputs);
    lab.backend.recurrent(layer);
    const backward = backwardLayer(lab, spec, layer, everything);
    const [dh, dhFinal] = [read(lab, backward.dh!), read(lab, backward.dhFinal!)];
    const dcFinal = backward.dcFinal && read(lab, backward.dcFinal);
    lab.backend.recurrentGrad(backward);

    const loss = (changed: Record<keyof LayerInputs, ArrayLike<number>>): number => {
      const other = newLab(5);
      const run = forwardLayer(other, spec, changed);
      other.backend.recurrent(run);
      const h = read(other, run.h);
      const ofState = dot(h, dh) + dot(finalOf(h, spec), dhFinal);
      return dcFinal && run.c ? ofState + dot(finalOf(read(other, run.c), spec), dcFinal) : ofState;
    };
    const step = 1e-5;
    for (const [name, block] of Object.entries(gradientsOf(backward))) {
      if (!(name in inputOf)) continue;
      const input = inputOf[name as keyof typeof inputOf];
      const numeric = Array.from({ length: sizeOf(block.shape) }, (_, i) => {
        const moved = (by: number) => {
          const values = Float64Array.from(inputs[input]);
          values[i] += by;
          return loss({ ...inputs, [input]: values });
        };
        return (moved(step) - moved(-step)) / (2 * step);
      });
      expect(differences(read(lab, block), numeric, 1e-6, 1e-2), name).toEqual([]);
    }
  });

  test('the gradient of the state of step t is what comes from outside at t plus what the later steps send back', () => {
    const lab = newLab(6);
    const layer = forwardLayer(lab, spec, inputs);
    lab.backend.recurrent(layer);
    const backward = backwardLayer(lab, spec, layer, everything);
    const dh = read(lab, backward.dh!);
    lab.backend.recurrentGrad(backward);
    const [dhTotal, dcTotal] = [read(lab, backward.dhTotal!), backward.dcTotal && read(lab, backward.dcTotal)];

    for (let t = 0; t < T; t++) {
      const rest = restAfter(lab, spec, inputs, layer, t, backward);
      const size = spec.B * spec.H;
      const expected = rest.dh0.map((v, i) => v + dh[t * size + i]);
      expect(differences(dhTotal.subarray(t * size, (t + 1) * size), expected, 1e-6, 1e-3), `dh ${t}`).toEqual([]);
      if (dcTotal === null || rest.dc0 === null) continue;
      expect(differences(dcTotal.subarray(t * size, (t + 1) * size), rest.dc0, 1e-6, 1e-3), `dc ${t}`).toEqual([]);
    }
  });
});

/** What a layer over the steps walked after t, started from the state at t, sends back to that state. */
function restAfter(
  lab: Lab,
  spec: LayerSpec,
  inputs: LayerInputs,
  whole: RecurrentForward,
  t: number,
  gradients: ReturnType<typeof backwardLayer>,
) {
  const { B, F, H, reverse } = spec;
  const [from, to] = reverse ? [0, t] : [t + 1, T];
  const steps = to - from;
  const rest: LayerSpec = { ...spec, T: steps, lengths: spec.lengths?.map((n) => Math.max(0, n - from)) ?? null };
  const state = (block: Block) => read(lab, block).subarray(t * B * H, (t + 1) * B * H);
  const again = newLab(7);
  const layer = forwardLayer(again, rest, {
    ...inputs,
    x: inputs.x.subarray(from * B * F, to * B * F),
    h0: state(whole.h),
    c0: whole.c ? state(whole.c) : [],
  });
  again.backend.recurrent(layer);
  const backward = backwardLayer(again, rest, layer, everything);
  again.backend.write(backward.dh!, read(lab, gradients.dh!).subarray(from * B * H, to * B * H));
  again.backend.write(backward.dhFinal!, read(lab, gradients.dhFinal!));
  if (backward.dcFinal) again.backend.write(backward.dcFinal, read(lab, gradients.dcFinal!));
  again.backend.recurrentGrad(backward);
  return {
    dh0: read(again, backward.dh0!),
    dc0: backward.dc0 && read(again, backward.dc0),
    gates: read(lab, whole.gates),
  };
}
