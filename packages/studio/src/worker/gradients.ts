import { DataError } from 'unrolled';
import {
  decompositionBy,
  describeDecay,
  gateStatistics,
  gradientFlow,
  type RecurrentBlock,
  recurrentBlocks,
  spectrumOf,
} from 'unrolled/inspect';
import { inspectLanguageModel, type LanguageModel, leaveOutUnknown } from 'unrolled/tasks/language-model';
import { breathe } from 'unrolled/train';
import type { GradientsInput, GradientsSeen, WeightsApart, WeightsSeen } from '../protocol.ts';
import { cellName } from './cell-name.ts';

/** Places in the text that are read side by side, and steps t whose losses are sent back. */
const [rows, positions] = [2, 12];
/** Eigenvalues of a larger matrix would hold up the run that trains here; they are worked out when they are asked for. */
const largest = 160;

/**
 * How gradients flow through the model as it is now: changes nothing of what it learns.
 * @throws DataError if there is no character in the text that the model knows
 */
export async function seeGradients(
  model: LanguageModel,
  { text, lags }: GradientsInput,
  step: number,
): Promise<GradientsSeen> {
  const { recurrent } = model;
  // Twice as many steps as lags, so that each t has a past of its own to look back into.
  const steps = 2 * lags;
  const inspected = inspectLanguageModel(model, tokensOf(model, text, steps + 1), { batch: rows, steps });
  const flow = await gradientFlow(inspected, { lags, positions });
  await breathe();
  const gates = await gateStatistics(inspected, { bins: 24 });
  await breathe();
  const blocks = await namedBlocks(model, gates);
  const small = blocks.filter(({ matrix }) => matrix.size <= largest);
  return {
    step,
    cell: cellName(recurrent.config.cell),
    lags,
    positions: flow.positions,
    layers: flow.layers.map(({ byPosition, norms, decay }) => ({
      norms: Float32Array.from(byPosition.flat()),
      mean: Float32Array.from(norms.mean),
      verdict: describeDecay(decay, lags),
    })),
    gates: gates.map(({ layer, gate, low, high, histogram }) => ({ layer, name: gate, low, high, ...histogram })),
    blocks: blocks.map(({ layer, name }) => ({ layer, name })),
    weights: await apart(small),
  };
}

/** The spectra of one layer's recurrent weights, with what comes first told as it comes. */
export async function takeApart(
  model: LanguageModel,
  { layer }: { readonly layer: number },
  step: number,
  tell: (part: WeightsApart) => void,
): Promise<WeightsApart> {
  const tokens = new Int32Array(2);
  const gates = await gateStatistics(inspectLanguageModel(model, tokens, { batch: 1, steps: 1 }));
  const blocks = (await namedBlocks(model, gates)).filter((block) => block.layer === layer);
  return { step, weights: await apart(blocks, (weights) => tell({ step, weights })) };
}

type NamedBlock = Awaited<ReturnType<typeof recurrentBlocks>>[number] & {
  readonly layer: number;
  readonly name: string;
};

async function apart(
  blocks: readonly NamedBlock[],
  tell?: (weights: readonly WeightsSeen[]) => void,
): Promise<WeightsSeen[]> {
  const weights: WeightsSeen[] = [];
  const decomposition = decompositionBy(await import('ml-matrix'));
  for (const { layer, name, matrix } of blocks) {
    weights.push({ layer, name, ...spectrumOf(matrix, decomposition) });
    tell?.([...weights]);
    await breathe();
  }
  return weights;
}

/** At least so many tokens: a text that is short is read again and again. */
function tokensOf({ tokenizer }: LanguageModel, text: string, least: number): Int32Array {
  const once = tokenizer.encode(leaveOutUnknown(tokenizer, text).text);
  if (once.length === 0) throw new DataError('gradients: no character of this text is in the model’s vocabulary');
  const length = Math.max(once.length, least + rows);
  return Int32Array.from({ length }, (_, i) => once[i % once.length]);
}

/** Blocks of W_hh stand in the order of the cell's gates; where there are not as many of both, they have numbers. */
async function namedBlocks(
  { parameters }: LanguageModel,
  gates: readonly { readonly layer: number; readonly gate: string }[],
): Promise<NamedBlock[]> {
  const all = (await recurrentBlocks(parameters)).filter(({ place }) => !place.reverse);
  const nameOf = ({ parameter, layer, block }: RecurrentBlock): string => {
    const blocks = all.filter(({ place }) => place.parameter === parameter).length;
    const names = gates.filter((gate) => gate.layer === layer).map(({ gate }) => gate);
    return blocks === 1 ? 'W_hh' : names.length === blocks ? `W_h${names[block]}` : `block ${block}`;
  };
  return all.map((one) => ({ ...one, layer: one.place.layer, name: nameOf(one.place) }));
}
