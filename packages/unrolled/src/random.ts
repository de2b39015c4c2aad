import { requireKind, seed as seedKind } from './checks.ts';

/** The four 32-bit words of a generator; plain data, so that it can be stored and restored. */
export type RandomState = readonly [number, number, number, number];

/** 32-bit mixing function (lowbias32): every input bit reaches every output bit. */
export function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A text as a whole number in [0, 2³²): the same for the same text and seed. */
export function hashText(text: string, seed = 0): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = mix32(hash ^ text.charCodeAt(i));
  return hash;
}

/**
 * Pseudo-random numbers by xoshiro128** (Blackman & Vigna 2018): the same sequence for a seed on every machine.
 * Not for secrets.
 *
 * @example
 * const random = new Random(42);
 * random.uniform();   // in [0, 1)
 */
export class Random {
  #state: [number, number, number, number];

  /**
   * @param seed  a whole number, of which the lower 32 bits count; or the state of another generator
   * @throws ConfigError on anything else
   */
  constructor(seed: number | RandomState) {
    if (!Array.isArray(seed) || seed.length !== 4 || !seed.every(Number.isInteger)) {
      requireKind('random', 'seed', seed, seedKind);
    }
    if (typeof seed === 'number') {
      let x = seed | 0;
      // Seeds that are near each other must not give sequences that are: each word goes through the mixer.
      this.#state = [0, 0, 0, 0].map(() => {
        x = (x + 0x9e3779b9) | 0;
        return mix32(x);
      }) as [number, number, number, number];
    } else {
      this.#state = [...seed];
    }
  }

  get state(): RandomState {
    return [...this.#state];
  }

  /** A generator of its own for a named purpose; draws from it leave this one untouched. */
  fork(name: string): Random {
    return new Random(hashText(name, mix32(this.#state[0] ^ mix32(this.#state[1]))));
  }

  /** A whole number in [0, 2³²). */
  bits(): number {
    const s = this.#state;
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
  }

  /** Standard normal, by Box and Muller (1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** The numbers 0 … n−1 in random order (Fisher and Yates). */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
