import { flag, oneOf, required, requireOptions, shown, text } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import type { Bytes } from '../../io/bytes.ts';
import type { LayerConfig } from '../../nn/layer.ts';
import type { Parameters } from '../../nn/parameters.ts';
import type { Shape } from '../../shape.ts';
import { GraphBuilder, type GraphValue } from './builder.ts';
import { writeNnLayer } from './nn-layers.ts';
import { Place } from './nn-place.ts';

export interface LayerOnnxOptions {
  /** Shape of the input, as when building: `[-1, -1, F]` for sequences `[T, B, F]`, `[-1, H, W, C]` for images. Open extents are −1. */
  readonly input: Shape;
  /** Element type of the input; 'int32' for ids. Default 'float32'. */
  readonly dtype?: 'float32' | 'int32' | undefined;
  /** Whether there is a second input `lengths`, int32 `[B]`: the steps of each row of sequences that count. Default false. */
  readonly lengths?: boolean | undefined;
  /** Of the graph. Default 'layer'. */
  readonly name?: string | undefined;
}

const shapeKind = {
  must: 'a list of whole numbers, -1 for open extents',
  fits: (value: unknown) => Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= -1),
};

/**
 * A layer of `unrolled/nn` with its parameters as an ONNX file (operator set 17), as it is at inference: `Sequential` of
 * recurrent, linear, embedding, normalising, pooling and convolutional layers, and Transformers. Inputs and outputs have the
 * library's layout, sequences `[T, B, F]` and images `[B, H, W, C]`, and are named `input`, `lengths` and `output`; extents that
 * are open have names, such as `input_0`.
 * @param parameters  as `initialiseParameters` gave them
 * @throws ConfigError naming the layer or cell that the format, or this writer, cannot hold
 *
 * @example
 * const layer = new Sequential([new Recurrent({ cell: 'gru', hidden: 16 }), new Linear({ units: 3 })]);
 * const parameters = initialiseParameters(layer, [-1, -1, 4], device, 1);
 * writeFileSync('layer.onnx', await layerToOnnx(layer, parameters, { input: [-1, -1, 4] }));
 */
export async function layerToOnnx(
  layer: { readonly config: LayerConfig },
  parameters: Parameters,
  options: LayerOnnxOptions,
): Promise<Bytes> {
  requireOptions<LayerOnnxOptions>('layerToOnnx', options, {
    input: required(shapeKind),
    dtype: oneOf(['float32', 'int32']),
    lengths: flag,
    name: text,
  });
  if (typeof layer?.config?.layer !== 'string' || typeof parameters?.save !== 'function') {
    throw new ConfigError(
      `layerToOnnx: takes a layer of unrolled/nn and its parameters; received ${shown(layer)}; models of unrolled/keras are written by toOnnx`,
    );
  }
  const { input, dtype = 'float32', lengths = false, name = 'layer' } = options;
  const graph = new GraphBuilder();
  const [x, counts] = ['input', 'lengths'].map((one) => graph.name(one));
  const place = new Place(graph, await parameters.save());
  const y = writeNnLayer(place, layer.config, { name: x, rank: input.length, lengths: lengths ? counts : null });
  const output = graph.name('output');
  graph.call(y.name, output);
  const extents = (of: string, shape: Shape) => shape.map((n, axis) => (n < 0 ? `${of}_${axis}` : n));
  const inputs: GraphValue[] = [{ name: x, isWhole: dtype === 'int32', shape: extents(x, input) }];
  if (lengths) inputs.push({ name: counts, isWhole: true, shape: ['lengths_0'] });
  const open = extents(output, new Array<number>(y.rank).fill(-1));
  return graph.encode(name, inputs, [{ name: output, isWhole: false, shape: open }]);
}
