import {
  decompositionBy,
  describeDecay,
  type GateStatistics,
  gateStatistics,
  gradientFlow,
  type JacobianSpectrum,
  jacobianSpectrum,
  type LayerFlow,
  Trajectory,
  type WeightSpectrum,
  weightSpectra,
} from 'unrolled/inspect';
import { inspectLanguageModel, type LanguageModel } from 'unrolled/tasks/language-model';
import { breathe } from 'unrolled/train';
import { Failure } from '../failure.ts';
import { countOf, formatCount } from '../output/units.ts';

export interface GradientOptions {
  /** K. Default: as many as the text allows. */
  readonly lags?: number;
  /** Number of steps whose Jacobians are computed, 0: none. Default: 1 in layers of at most `largestState`. */
  readonly jacobians?: number;
}

/** All that is known about how gradients flow through a model: plain data. */
export interface GradientReport {
  readonly lags: number;
  readonly positions: readonly number[];
  readonly rows: number;
  readonly layers: readonly (LayerFlow & { readonly name: string; readonly verdict: string })[];
  readonly weights: readonly (WeightSpectrum & { readonly gate: string })[];
  readonly jacobians: readonly JacobianSpectrum[];
  readonly gates: readonly GateStatistics[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/** At most, where the text has as many places to begin at. */
const mostRows = 8;
const positions = 12;
/** Eigenvalues of a larger matrix take more than some seconds. */
const largestState = 512;

/** @throws Failure if the text is too short for the lags */
export async function measureGradients(
  model: LanguageModel,
  tokens: Int32Array,
  options: GradientOptions,
): Promise<GradientReport> {
  const room = tokens.length - 2;
  if (room < 1) {
    throw new Failure(`the text has ${tokens.length} tokens that the model knows; at least 3 are needed`);
  }
  const lags = options.lags ?? Math.min(100, room);
  if (lags > room) {
    throw new Failure(
      `--lags ${lags}: the text has ${formatCount(tokens.length)} tokens, which is enough for --lags ${room}; ` +
        'lower it, or give a longer text',
    );
  }
  // Twice as many steps as lags, so that at every position there is a past of its own to look back into.
  const steps = Math.min(2 * lags, tokens.length - 1);
  const rows = Math.min(mostRows, tokens.length - steps);
  const inspected = inspectLanguageModel(model, tokens, { batch: rows, steps });
  const flow = await gradientFlow(inspected, { lags, positions });
  await breathe();
  const gates = await gateStatistics(inspected);
  const decomposition = decompositionBy(await import('ml-matrix'));
  const spectra = await weightSpectra(model.parameters, decomposition);
  const weights = spectra.map((spectrum, _, all) => ({
    ...spectrum,
    gate: gateOf(spectrum, all, gates),
  }));
  const trajectory = await Trajectory.read(inspected);
  const notes: string[] = [];
  const jacobians: JacobianSpectrum[] = [];
  for (const [place, { layer, reverse }] of trajectory.places.entries()) {
    await breathe();
    const size = trajectory.size(place);
    if (options.jacobians === 0) continue;
    if (options.jacobians === undefined && size > largestState) {
      const name = layerName({ layer, reverse });
      notes.push(
        `${name}: its state has ${formatCount(size)} numbers, so its Jacobian takes long; --jacobians 1 takes it apart`,
      );
      continue;
    }
    const limits = { steps: options.jacobians ?? 1, lags: Math.min(lags, 64) };
    jacobians.push(await jacobianSpectrum(trajectory, place, decomposition, limits));
  }
  const layers = flow.layers.map((layer) => {
    const reasons = [describeDecay(layer.decay, lags), ...reasonsOf(layer, weights, jacobians)];
    return { ...layer, name: layerName(layer), verdict: reasons.join('; ') };
  });
  return { lags, positions: flow.positions, rows, layers, weights, jacobians, gates, notes };
}

interface Place {
  readonly layer: number;
  readonly reverse: boolean;
}

export const layerName = ({ layer, reverse }: Place): string => `l${layer}${reverse ? ' reverse' : ''}`;
export const samePlace = (a: Place, b: Place): boolean => a.layer === b.layer && a.reverse === b.reverse;

/** Blocks of W_hh stand in the order of the cell's gates; where there are not as many of both, blocks have numbers. */
function gateOf(spectrum: WeightSpectrum, all: readonly WeightSpectrum[], gates: readonly GateStatistics[]): string {
  const blocks = all.filter(({ parameter }) => parameter === spectrum.parameter).length;
  if (blocks === 1) return 'W_hh';
  const names = gates.filter((gate) => samePlace(gate, spectrum)).map(({ gate }) => gate);
  return names.length === blocks ? names[spectrum.block] : `block ${spectrum.block}`;
}

/** What in the layer makes its gradient go as it does. */
function reasonsOf(place: Place, weights: GradientReport['weights'], jacobians: readonly JacobianSpectrum[]): string[] {
  const reasons: string[] = [];
  const own = weights.filter((weight) => samePlace(weight, place));
  if (own.length === 1) reasons.push(`largest singular value of W_hh ${own[0].singularValues[0].toFixed(2)}`);
  const last = jacobians.find((jacobian) => samePlace(jacobian, place))?.products.at(-1);
  if (last) {
    const stretch = last.growthPerStep.toFixed(2);
    reasons.push(`its Jacobians stretch by at most ${stretch} a step over ${countOf(last.lag, 'step')}`);
  }
  return reasons;
}
