import { ConfigError } from '../errors.ts';
import type { Context } from '../nn/layer.ts';
import { sameShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { CallContext, KerasLayer } from './layer.ts';
import type { Mask } from './mask.ts';
import type { Node, SymbolicTensor } from './symbolic.ts';

/** What the layers of one run share. */
export type RunContext = Context & Pick<CallContext, 'addLoss' | 'warn'>;

/** A value in a run. */
export interface Flow {
  readonly tensor: Tensor;
  readonly mask: Mask | null;
}

/** The calls of layers between inputs and outputs, in an order in which they can run. */
export class Graph {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  readonly nodes: readonly Node[];
  /** Each once, in the order in which they are first called. */
  readonly layers: readonly KerasLayer<unknown>[];

  /** Whether extents that were known when it was made may be others now: it was made for the shape of some data. */
  readonly isOpen: boolean;

  /** @throws ConfigError if an output does not follow from the inputs alone */
  constructor(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[], isOpen = false) {
    this.isOpen = isOpen;
    this.inputs = inputs;
    this.outputs = outputs;
    const given = new Set(inputs);
    if (given.size < inputs.length) throw new ConfigError('model: an input is there twice');
    const nodes = new Set<Node>();
    const visit = (symbol: SymbolicTensor): void => {
      const { node } = symbol;
      if (given.has(symbol) || nodes.has(node)) return;
      if (node.layer === null) {
        throw new ConfigError(
          `model: an output depends on the input '${node.name ?? 'without a name'}' of shape [${symbol.shape}], which is not among the inputs`,
        );
      }
      for (const before of node.inputs) visit(before);
      nodes.add(node);
    };
    for (const output of outputs) visit(output);
    this.nodes = [...nodes];
    this.layers = [...new Set(this.nodes.map(({ layer }) => layer!))];
  }

  /** Whether what an input is made of goes to layers that take ids alone. */
  takesIdsAt(index: number): boolean {
    const input = this.inputs[index];
    if (input.dtype === 'int32') return true;
    const uses = this.nodes.flatMap(({ layer, inputs }) =>
      inputs.flatMap((symbol, i) => (symbol === input ? [layer!.takesIdsAt(i)] : [])),
    );
    return uses.length > 0 && uses.every(Boolean);
  }

  run(inputs: readonly Flow[], context: RunContext): readonly Flow[] {
    const flows = new Map<SymbolicTensor, Flow>(this.inputs.map((input, i) => [input, inputs[i]]));
    for (const { layer, inputs: from, outputs } of this.nodes) {
      const given = from.map((symbol) => flows.get(symbol)!);
      const tensors = given.map(({ tensor }) => tensor);
      const masks = given.map(({ mask }) => mask);
      const own: CallContext = { ...context, masks };
      const result = layer!.call(tensors, own);
      const results: readonly Tensor[] = Array.isArray(result) ? result : [result as Tensor];
      const after = layer!.computeMask(masks, tensors, own);
      if (results.length !== outputs.length) {
        throw new ConfigError(
          `${layer!.name}: its call gave ${results.length} tensors, its outputShapes say ${outputs.length}`,
        );
      }
      results.forEach((tensor, i) => {
        const { shape } = outputs[i];
        const fits = sameShape(
          tensor.shape,
          tensor.shape.map((n, axis) => (shape[axis] < 0 ? n : shape[axis])),
        );
        if (!(fits || this.isOpen) || tensor.rank !== shape.length) {
          throw new ConfigError(`${layer!.name}: its call gave [${tensor.shape}], its outputShape says [${shape}]`, {
            shape,
          });
        }
        flows.set(outputs[i], { tensor, mask: after[i] ?? null });
      });
    }
    return this.outputs.map((output) => flows.get(output)!);
  }
}
