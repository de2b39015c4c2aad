/** Numbers by which a caller names an operation; the generated module has them as constants too. */

export const enum Unary {
  neg,
  exp,
  log,
  sqrt,
  abs,
  square,
  reciprocal,
  sign,
  tanh,
  sigmoid,
  relu,
  softplus,
  relu6,
  gelu,
  geluTanh,
  silu,
}

export const enum Binary {
  add,
  sub,
  mul,
  div,
  min,
  max,
  greater,
  greaterEqual,
  equal,
  less,
  lessEqual,
}

export const enum Reduction {
  sum,
  max,
  min,
}

export const enum Activation {
  tanh,
  relu,
  sigmoid,
}

/** What follows a convolution or a batch norm within it. */
export const enum FusedActivation {
  none,
  relu,
  relu6,
}
