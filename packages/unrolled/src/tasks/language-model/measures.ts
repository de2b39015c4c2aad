/** Nats to bits: 1 nat = 1/ln 2 bits. */
export function bits(nats: number): number {
  return nats / Math.LN2;
}

/** e^loss: among how many equally likely tokens the model is undecided, on average. */
export function perplexity(nats: number): number {
  return Math.exp(nats);
}
