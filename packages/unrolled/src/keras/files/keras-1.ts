import type { Raw } from './options.ts';

/** Names that options had in Keras 1. */
const names: Readonly<Record<string, string>> = {
  init: 'kernel_initializer',
  inner_init: 'recurrent_initializer',
  inner_activation: 'recurrent_activation',
  bias: 'use_bias',
  W_regularizer: 'kernel_regularizer',
  U_regularizer: 'recurrent_regularizer',
  b_regularizer: 'bias_regularizer',
  W_constraint: 'kernel_constraint',
  U_constraint: 'recurrent_constraint',
  b_constraint: 'bias_constraint',
  dropout_W: 'dropout',
  dropout_U: 'recurrent_dropout',
  border_mode: 'padding',
  subsample: 'strides',
  subsample_length: 'strides',
  nb_filter: 'filters',
  filter_length: 'kernel_size',
  pool_length: 'pool_size',
  stride: 'strides',
  atrous_rate: 'dilation_rate',
  p: 'rate',
  sigma: 'stddev',
  length: 'size',
};
const formats: Readonly<Record<string, string>> = { tf: 'channels_last', th: 'channels_first' };

/** The options of a layer of Keras 1 under the names of Keras 2. */
export function modernized(className: string, options: Raw): Raw {
  const { nb_row: rows, nb_col: columns, dim_ordering: order, forget_bias_init: _, ...rest } = options;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) result[names[key] ?? key] = value;
  if (rows !== undefined) result.kernel_size = [rows, columns];
  if (order !== undefined) result.data_format = formats[String(order)] ?? order;
  if (className === 'Embedding') {
    const {
      W_regularizer: _w,
      kernel_initializer,
      kernel_regularizer,
      kernel_constraint,
      dropout: _d,
      ...others
    } = result;
    return {
      ...others,
      ...(kernel_initializer !== undefined && { embeddings_initializer: kernel_initializer }),
      embeddings_regularizer: kernel_regularizer,
      embeddings_constraint: kernel_constraint,
    };
  }
  if (result.output_dim !== undefined) {
    result.units = result.output_dim;
    delete result.output_dim;
    if (result.input_dim !== undefined && !result.batch_input_shape) result.input_shape = [result.input_dim];
    delete result.input_dim;
  }
  if (className === 'GRU') result.reset_after = false;
  if (typeof rest.border_mode === 'string') result.padding = rest.border_mode;
  return result;
}
