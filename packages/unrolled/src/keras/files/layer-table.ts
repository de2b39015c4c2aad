/** How an option of a layer is written in files: as it is, or as something that has a name and options. */
export type OptionKind = 'plain' | 'activation' | 'initializer' | 'regularizer' | 'constraint';

/** One class of Keras and the layer that it is here. Options have the same names, in snake case there. */
export interface LayerEntry {
  readonly layer: string;
  readonly options: Readonly<Record<string, OptionKind>>;
  /** Options that this library lacks: the values with which it computes the same. */
  readonly only?: Readonly<Record<string, readonly unknown[]>>;
  /** Names that older versions have for an option. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Options that the class has and the layer here takes otherwise. */
  readonly fixed?: Readonly<Record<string, unknown>>;
}

const plain = (...names: string[]): Record<string, OptionKind> =>
  Object.fromEntries(names.map((name) => [name, 'plain' as const]));

const named = (...weights: string[]): Record<string, OptionKind> =>
  Object.fromEntries(
    weights.flatMap((weight) => [
      [`${weight}Initializer`, 'initializer' as const],
      [`${weight}Regularizer`, 'regularizer' as const],
      [`${weight}Constraint`, 'constraint' as const],
    ]),
  );

const output: Record<string, OptionKind> = {
  activation: 'activation',
  useBias: 'plain',
  ...named('bias'),
  activityRegularizer: 'regularizer',
};
const kernel = { ...output, ...named('kernel') };
const cell: Record<string, OptionKind> = {
  ...plain('units', 'useBias', 'dropout', 'recurrentDropout'),
  activation: 'activation',
  ...named('kernel', 'recurrent', 'bias'),
};
const gated: Record<string, OptionKind> = { ...cell, recurrentActivation: 'activation' };
const rnn: Record<string, OptionKind> = {
  ...plain('returnSequences', 'returnState', 'goBackwards', 'stateful', 'zeroOutputForMask'),
  activityRegularizer: 'regularizer',
};
const window = plain('strides', 'padding', 'dilationRate');
const depthwise = { ...plain('depthMultiplier'), ...named('depthwise') };
const pool = plain('poolSize', 'strides', 'padding');
const last = { data_format: ['channels_last', null] };
const merge = (layer: string): LayerEntry => ({ layer, options: {} });
const conv = (layer: string): LayerEntry => ({
  layer,
  options: { ...plain('filters', 'kernelSize', 'groups'), ...window, ...kernel },
  only: last,
});
const depthwiseConv = (layer: string): LayerEntry => ({
  layer,
  options: { ...plain('kernelSize'), ...window, ...output, ...depthwise },
  only: last,
});
const separable = (layer: string): LayerEntry => ({
  layer,
  options: { ...plain('filters', 'kernelSize'), ...window, ...output, ...depthwise, ...named('pointwise') },
  only: last,
});
const pooling = (layer: string): LayerEntry => ({ layer, options: pool, only: last });
const global = (layer: string): LayerEntry => ({ layer, options: plain('keepdims'), only: last });
const rate = (layer: string): LayerEntry => ({ layer, options: plain('rate') });
const scale: Record<string, OptionKind> = {
  ...plain('axis', 'epsilon', 'center', 'scale'),
  ...named('beta', 'gamma'),
};

/** The classes of Keras that are read and written, by name. Those that hold other layers have code of their own. */
export const layerTable: Readonly<Record<string, LayerEntry>> = {
  Dense: { layer: 'dense', options: { ...plain('units'), ...kernel } },
  Activation: { layer: 'activation', options: { activation: 'activation' } },
  ReLU: { layer: 'relu', options: plain('maxValue', 'negativeSlope', 'threshold') },
  LeakyReLU: { layer: 'relu', options: plain('negativeSlope'), renamed: { alpha: 'negative_slope' } },
  ELU: { layer: 'activation', options: {}, only: { alpha: [1, null] }, fixed: { activation: 'elu' } },
  PReLU: { layer: 'prelu', options: { ...named('alpha'), ...plain('sharedAxes') } },
  Softmax: { layer: 'softmax', options: {}, only: { axis: [-1, null] } },
  Dropout: { layer: 'dropout', options: plain('rate', 'noiseShape') },
  SpatialDropout1D: { ...rate('spatialDropout') },
  SpatialDropout2D: { ...rate('spatialDropout'), only: last },
  GaussianDropout: rate('gaussianDropout'),
  AlphaDropout: { ...rate('alphaDropout'), only: { noise_shape: [null] } },
  GaussianNoise: { layer: 'gaussianNoise', options: plain('stddev') },
  ActivityRegularization: { layer: 'activityRegularization', options: plain('l1', 'l2') },
  Embedding: {
    layer: 'embedding',
    options: {
      ...plain('inputDim', 'outputDim', 'maskZero'),
      ...named('embeddings'),
      activityRegularizer: 'regularizer',
    },
  },
  Masking: { layer: 'masking', options: plain('maskValue') },
  Flatten: { layer: 'flatten', options: {}, only: last },
  Reshape: { layer: 'reshape', options: plain('targetShape') },
  Permute: { layer: 'permute', options: plain('dims') },
  RepeatVector: { layer: 'repeatVector', options: plain('n') },
  ZeroPadding1D: { layer: 'zeroPadding1D', options: plain('padding'), only: last },
  ZeroPadding2D: { layer: 'zeroPadding2D', options: plain('padding'), only: last },
  Cropping1D: { layer: 'cropping1D', options: plain('cropping') },
  Cropping2D: { layer: 'cropping2D', options: plain('cropping'), only: last },
  UpSampling1D: { layer: 'upSampling1D', options: plain('size') },
  UpSampling2D: { layer: 'upSampling2D', options: plain('size'), only: { ...last, interpolation: ['nearest'] } },
  Add: merge('add'),
  Subtract: merge('subtract'),
  Multiply: merge('multiply'),
  Average: merge('average'),
  Maximum: merge('maximum'),
  Minimum: merge('minimum'),
  Concatenate: { layer: 'concatenate', options: plain('axis') },
  Dot: { layer: 'dot', options: plain('axes', 'normalize') },
  BatchNormalization: {
    layer: 'batchNormalization',
    options: {
      ...scale,
      momentum: 'plain',
      movingMeanInitializer: 'initializer',
      movingVarianceInitializer: 'initializer',
    },
    only: {
      synchronized: [false, null],
      renorm: [false, null],
      fused: [true, false, null],
      virtual_batch_size: [null],
    },
  },
  LayerNormalization: { layer: 'layerNormalization', options: scale, only: { rms_scaling: [false] } },
  Conv1D: conv('conv1D'),
  Conv2D: conv('conv2D'),
  DepthwiseConv1D: depthwiseConv('depthwiseConv1D'),
  DepthwiseConv2D: depthwiseConv('depthwiseConv2D'),
  SeparableConv1D: separable('separableConv1D'),
  SeparableConv2D: separable('separableConv2D'),
  MaxPooling1D: pooling('maxPooling1D'),
  MaxPooling2D: pooling('maxPooling2D'),
  AveragePooling1D: pooling('averagePooling1D'),
  AveragePooling2D: pooling('averagePooling2D'),
  // No version uses a mask here.
  GlobalMaxPooling1D: { ...global('globalMaxPooling1D'), fixed: { useMask: false } },
  GlobalMaxPooling2D: global('globalMaxPooling2D'),
  GlobalAveragePooling1D: global('globalAveragePooling1D'),
  GlobalAveragePooling2D: global('globalAveragePooling2D'),
  Attention: { layer: 'attention', options: plain('useScale', 'scoreMode', 'dropout', 'causal') },
  AdditiveAttention: { layer: 'additiveAttention', options: plain('useScale', 'dropout', 'causal') },
  MultiHeadAttention: {
    layer: 'multiHeadAttention',
    options: {
      ...plain('numHeads', 'keyDim', 'valueDim', 'dropout', 'useBias', 'outputShape'),
      ...named('kernel', 'bias'),
      activityRegularizer: 'regularizer',
    },
    // Of sequences [B, T, D] there is one axis.
    only: { attention_axes: [null, [1]] },
  },
  SimpleRNN: { layer: 'simpleRNN', options: { ...cell, ...rnn } },
  LSTM: { layer: 'lstm', options: { ...gated, ...rnn, unitForgetBias: 'plain' } },
  GRU: { layer: 'gru', options: { ...gated, ...rnn, resetAfter: 'plain' } },
};

/** Cells, inside an `RNN`. */
export const cellTable: Readonly<Record<string, LayerEntry>> = {
  SimpleRNNCell: { layer: 'simpleRNNCell', options: cell },
  LSTMCell: { layer: 'lstmCell', options: { ...gated, unitForgetBias: 'plain' } },
  GRUCell: { layer: 'gruCell', options: { ...gated, resetAfter: 'plain' } },
};

/** Options of an `RNN` over cells. */
export const rnnOptions = rnn;

/** Classes under other names: of Keras 1, and of cuDNN, which compute the same with weights in another order. */
export const otherClasses: Readonly<Record<string, string>> = {
  CuDNNLSTM: 'LSTM',
  CuDNNGRU: 'GRU',
  Convolution1D: 'Conv1D',
  Convolution2D: 'Conv2D',
  SeparableConvolution2D: 'SeparableConv2D',
  MaxPool1D: 'MaxPooling1D',
  MaxPool2D: 'MaxPooling2D',
  BatchNormalizationV1: 'BatchNormalization',
  BatchNormalizationV2: 'BatchNormalization',
};

/** Options of classes that do not change what is computed. */
export const withoutEffect: ReadonlySet<string> = new Set([
  ...[
    'name',
    'trainable',
    'dtype',
    'batch_input_shape',
    'batch_shape',
    'input_shape',
    'input_dtype',
    'sparse',
    'ragged',
  ],
  ...['optional', 'seed', 'unroll', 'implementation', 'input_length', 'autocast', 'use_cudnn', 'consume_less', 'mode'],
  ...['lora_rank', 'lora_alpha', 'build_config', 'dynamic', 'supports_masking', 'adj_msg', 'shared_object_id'],
  ...['query_shape', 'key_shape', 'value_shape', 'flash_attention'],
  ...['module', 'registered_name', 'renorm_clipping', 'renorm_momentum', 'input_spec', 'sparse_grad'],
]);
