import { apply, type Operation } from '../autodiff/operation.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import type { Random } from '../random.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, select } from './elementwise.ts';
import { broadcastTo, reshape, transpose } from './movement.ts';
import { matmul } from './product.ts';
import { scale as scaled } from './reduction.ts';
import { softmax } from './rows.ts';

export interface AttentionOptions {
  /** H, heads of the queries. Default 1. */
  readonly heads?: number;
  /** G, heads of keys and values, each shared by H/G heads of the queries (Ainslie 2023). Default H. */
  readonly groups?: number;
  /** What q·k is multiplied by. Default 1/√D. */
  readonly scale?: number;
  /** Whether a query sees only the keys up to its own: s ≤ t + S − T, so that the last query sees all. Default false. */
  readonly causal?: boolean;
  /** Number of keys of each row that count, `[B]`. Default: S for all. */
  readonly lengths?: readonly number[] | null | undefined;
  /** Added to scores, `[B or 1, H or 1, T or 1, S]`; −∞ hides a key. It has no gradient. Default: none. */
  readonly mask?: Tensor | null | undefined;
  /** Dropout of weights while training. Default: none. */
  readonly dropout?: { readonly rate: number; readonly random: Random } | undefined;
}

interface Call {
  readonly heads: number;
  readonly groups: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly dropout: { readonly rate: number; readonly seed: number };
  readonly lengths: Tensor | null;
  readonly mask: Tensor | null;
}

const attentionOperation: Operation<[Tensor, Tensor, Tensor], Call, { out: Tensor; normaliser: Tensor }> = {
  name: 'attention',
  forward([q, k, v], options, device) {
    const [B, T] = q.shape;
    const out = device.empty([B, T, (v.shape[2] / options.groups) * options.heads]);
    const saved = { out, normaliser: device.empty([B, options.heads, T]) };
    device.backend.attention({ q, k, v, ...options, ...saved });
    return { outputs: [out], saved };
  },
  backward({ inputs: [q, k, v], options, saved, gradients: [dOut] }, device) {
    const [dq, dk, dv] = [q, k, v].map((input) => device.empty(input.shape));
    device.backend.attentionGrad({ q, k, v, ...options, ...saved, dOut: dOut!, dq, dk, dv });
    return [dq, dk, dv];
  },
};

/**
 * Scaled dot-product attention in H heads (Vaswani 2017), without an array of T × S weights in memory:
 *
 *     weights_ts = softmax over s of (scale · q_t·k_s + mask_ts);   out_t = Σ_s weights_ts · v_s
 *
 * q `[B, T, H·D]`, k `[B, S, G·D]`, v `[B, S, G·E]` → `[B, T, H·E]`. A query that sees no key gives zeros. A query's result has the
 * same bits alone as among others, and for any number of threads.
 *
 * @throws ShapeError if the shapes do not fit; ConfigError on an option out of range
 *
 * @example
 * const out = attention(q, k, v, { heads: 8, causal: true });
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  return apply(attentionOperation, [q, k, v], callOf(q, k, v, options));
}

/**
 * The weights of `attention`, `[B, H, T, S]`, to be looked at: this is the array that `attention` avoids. Without dropout.
 * @throws as `attention`
 */
export function attentionWeights(q: Tensor, k: Tensor, options: AttentionOptions = {}): Tensor {
  const { heads: H, groups: G, scale, causal, lengths, mask } = callOf(q, k, k, options);
  const { device } = q;
  const [B, T] = q.shape;
  const S = k.shape[1];
  const split = (x: Tensor, n: number): Tensor => transpose(reshape(x, [B, -1, n, x.shape[2] / n]), [0, 2, 1, 3]);
  const queries = reshape(split(q, H), [B * H, T, -1]);
  const shared = reshape(split(k, G), [B, G, 1, S, -1]);
  const keys = reshape(broadcastTo(shared, [B, G, H / G, S, shared.shape[4]]), [B * H, S, -1]);
  let scores = reshape(scaled(matmul(queries, keys, { transposeB: true }), scale), [B, H, T, S]);
  if (mask) scores = add(scores, mask);
  const hide = (seen: Tensor): void => {
    scores = select(seen, scores, Number.NEGATIVE_INFINITY);
  };
  if (lengths) {
    const counts = lengths.ids!;
    hide(
      device.tensor(
        Float64Array.from({ length: B * S }, (_, i) => Number(i % S < counts[Math.floor(i / S)])),
        [B, 1, 1, S],
      ),
    );
  }
  if (causal) {
    hide(
      device.tensor(
        Float64Array.from({ length: T * S }, (_, i) => Number(i % S <= Math.floor(i / S) + S - T)),
        [T, S],
      ),
    );
  }
  return softmax(scores);
}

function callOf(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Call {
  const { heads = 1, groups = heads, causal = false, lengths = null, mask = null, dropout } = options;
  const shapes = { q: q.shape, k: k.shape, v: v.shape };
  const wrong = (what: string): never => {
    const all = Object.entries(shapes).map(([name, shape]) => `${name} ${formatShape(shape)}`);
    throw new ShapeError(
      `attention: ${what}; received ${all.join(', ')} for ${heads} heads and ${groups} groups`,
      shapes,
    );
  };
  for (const [name, count] of Object.entries({ heads, groups })) {
    if (!Number.isInteger(count) || count < 1) {
      throw new ConfigError(`attention: ${name} is ${count}; it is a whole number from 1`, { [name]: count });
    }
  }
  if (heads % groups !== 0) {
    throw new ConfigError(`attention: ${heads} heads do not divide into ${groups} groups`, { heads, groups });
  }
  const [B, , width] = q.shape;
  const S = k.shape[1];
  if (q.rank !== 3 || k.rank !== 3 || v.rank !== 3) wrong('q, k and v are [B, T, H·D], [B, S, G·D] and [B, S, G·E]');
  if (width % heads !== 0 || k.shape[2] % groups !== 0 || v.shape[2] % groups !== 0)
    wrong('the width is no multiple of the heads');
  if (k.shape[0] !== B || v.shape[0] !== B || v.shape[1] !== S)
    wrong('q, k and v need the same batch, k and v the same length');
  if (width / heads !== k.shape[2] / groups) wrong('a head of q is not as wide as one of k');
  if (lengths && (lengths.length !== B || lengths.some((length) => !(length >= 0 && length <= S)))) {
    throw new ShapeError(`attention: lengths [${lengths}] are not ${B} numbers from 0 to ${S}`, {
      lengths: [...lengths],
    });
  }
  if (mask) requireMask(mask, [B, heads, q.shape[1], S]);
  const rate = dropout?.rate ?? 0;
  if (!(rate >= 0 && rate < 1)) throw new ConfigError(`attention: dropout ${rate} is not in [0, 1)`, { rate });
  return {
    heads,
    groups,
    causal,
    scale: options.scale ?? 1 / Math.sqrt(width / heads),
    dropout: { rate, seed: rate > 0 ? dropout!.random.bits() : 0 },
    lengths: lengths && q.device.ids(lengths, [B]),
    mask,
  };
}

function requireMask(mask: Tensor, full: Shape): void {
  const fits = mask.rank === 4 && mask.shape.every((extent, i) => extent === full[i] || (extent === 1 && i < 3));
  if (!fits) {
    throw new ShapeError(
      `attention: the mask must be [B or 1, H or 1, T or 1, S] for ${formatShape(full)}, received ${formatShape(mask.shape)}`,
      { mask: mask.shape, scores: full },
    );
  }
  if (mask.tracked) {
    throw new ShapeError(
      'attention: a mask has no gradient; pass mask.detach(), or add a learnt bias to scores yourself',
      {
        mask: mask.shape,
      },
    );
  }
}
