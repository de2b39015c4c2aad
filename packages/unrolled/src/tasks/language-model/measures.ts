/** Nats to bits: 1 nat = 1/ln 2 bits. */
export function bits(nats: number): number {
  return nats / Math.LN2;
}

/** e^loss, with the loss in nats per token: the effective number of equally likely tokens. */
export function perplexity(nats: number): number {
  return Math.exp(nats);
}
