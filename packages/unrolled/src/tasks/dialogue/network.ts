import { Buildable } from '../../nn/buildable.ts';
import { shapeDevice } from '../../nn/cells/shape-device.ts';
import { Dropout } from '../../nn/dropout.ts';
import { type Context, inference } from '../../nn/layer.ts';
import { LayerNorm } from '../../nn/layer-norm.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations, Parameter } from '../../nn/parameters.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import { type Encoded, type EncodedShapes, type Encoder, shapesOf, stateOf } from '../../nn/seq2seq/encoded.ts';
import type { StackState } from '../../nn/sequence-layer.ts';
import {
  add,
  at,
  broadcastTo,
  concat,
  embedding,
  matmul,
  mul,
  reshape,
  sigmoid,
  stack,
  sub,
  tanh,
} from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Backbone } from '../../vision/backbone.ts';
import type { SentenceEncoder } from '../sentence-encoder.ts';
import type { DialogueConfig } from './config.ts';
import { foundWidth, GridAttention, nearby, offsetMatrix } from './grid-attention.ts';

/** Dialogues as the network reads them: R rounds of each, the first of which is the caption. */
export interface DialogueRounds {
  /** As the backbone takes them. */
  readonly images: Tensor; // [B, H, W, C]
  readonly rounds: number;
  /** The words of each different question and answer, as ids. */
  readonly texts: readonly (readonly number[])[];
  /** Which of them is the question, and the answer, of round r of dialogue b, at r · B + b; int32 `[R·B]`. */
  readonly questions: Tensor;
  readonly answers: Tensor;
  /** The rounds to answer, round · B + dialogue, int32 `[N]`. */
  readonly asked: Tensor;
  /** Hidden from a network that knows them. Default: none. */
  readonly without?: readonly Source[] | undefined;
}

export const sources = ['image', 'history'] as const;
/** What an answer may come from besides the question. */
export type Source = (typeof sources)[number];

/** What was read, and the weights of each look of the rounds that are answered, K times `[N, L]`. */
export interface EncodedDialogues extends Encoded {
  readonly looks: readonly Tensor[];
}

interface Parts {
  readonly norm: LayerNorm;
  readonly told: LayerNorm;
  readonly topic: LayerNorm;
  readonly position: Parameter;
  readonly looks: readonly GridAttention[];
  readonly keep: Linear;
  readonly output: Linear;
  readonly fused: LayerNorm;
  readonly asked: Linear;
  readonly seen: Linear;
}

/**
 * A hierarchical recurrent encoder (Das 2017) with a memory of where it looked (Seo 2017). A `SentenceEncoder` makes a vector of each
 * question q and each answer a; for round r
 *
 *     s_r = cells([q_r; a_{r−1}], s_{r−1})                         the state of the dialogue
 *     t_r = norm([s_r; q_r])
 *     f_r = g · m_{r−1} + (1 − g) · f_{r−1},   g = σ(w·t_r)          where the thing is that is spoken of
 *     z_r = [t_r; norm(Σ_l f_{r,l} p_l)]                             what is asked, and of what thing
 *     v¹, m¹ = look(z_r, f_r);   v², m² = look([z_r; v¹], m¹);  …
 *     o_r = tanh(norm(W [z_r; v] + b + U z_r ⊙ V v)),   v = [v¹; v²; …]
 *
 * A `Backbone` sees the image at L places; to the normalised features of each, a trainable vector of its position is appended. o_r is the
 * decoder's beginning and part of its every input. Parameters: `backbone.…`, `source.…`, `norm.…`, `told.…`, `topic.…`, `position`
 * [L, P], `dialogue.…`, `look1.…`, `keep.…`, `read.…`, `asked.…`, `seen.…`, `fused.…`.
 */
export class DialogueEncoder extends Buildable<Parts> implements Encoder<DialogueRounds, null> {
  readonly config: { readonly layer: 'dialogueEncoder' } & Required<DialogueConfig>;
  readonly backbone: Backbone;
  readonly sentences: SentenceEncoder;
  readonly #dropout: Dropout;
  readonly #dialogue: Recurrent;

  constructor(config: Required<DialogueConfig>, backbone: Backbone, sentences: SentenceEncoder) {
    super();
    this.config = { layer: 'dialogueEncoder', ...config };
    this.backbone = backbone;
    this.sentences = sentences;
    const { cell, hidden, layers, dropout } = config;
    this.#dropout = new Dropout({ rate: dropout });
    this.#dialogue = new Recurrent({ cell, hidden, layers, dropout });
  }

  build(_: null, declarations: Declarations): EncodedShapes {
    const { hidden, layers, looks: K } = this.config;
    const { grid, places: L, depth } = this.backbone;
    this.backbone.build(declarations);
    this.sentences.build(declarations.within('source'));
    const Q = this.sentences.width;
    const norm = new LayerNorm();
    norm.build([-1, L, depth], declarations.within('norm'));
    // As large as the normalised features.
    const position = declarations.declare('position', [L, positionUnits], { kind: 'normal', deviation: 1 });
    const D = depth + positionUnits;
    const F = foundWidth(D);
    const topic = new LayerNorm();
    topic.build([-1, D], declarations.within('topic'));
    const [S] = this.#dialogue.build([-1, -1, 2 * Q], declarations.within('dialogue')).slice(-1);
    const told = new LayerNorm();
    told.build([-1, S + Q], declarations.within('told'));
    const Z = S + Q + D;
    const looks = Array.from({ length: K }, (_, k) => {
      const look = new GridAttention({ units: hidden, grid });
      const query = [-1, Z + (k > 0 ? F : 0)];
      look.build({ query, places: [-1, L, D] }, declarations.within(`look${k + 1}`));
      return look;
    });
    const keep = new Linear({ units: 1 });
    keep.build([-1, S + Q], declarations.within('keep'));
    const part = (name: string, width: number): Linear => {
      const made = new Linear({ units: hidden });
      made.build([-1, width], declarations.within(name));
      return made;
    };
    const output = part('read', Z + K * F);
    const [asked, seen] = [part('asked', Z), part('seen', K * F)];
    const fused = new LayerNorm();
    fused.build([-1, hidden], declarations.within('fused'));
    this.parts = { fused, norm, told, topic, position, looks, keep, output, asked, seen };
    const vector = shapeDevice().zeros([1, hidden]);
    const state = shapesOf(stateOf(this.#dialogue.cell, layers, vector));
    return { memory: [1, -1, hidden], state, constant: [-1, hidden] };
  }

  apply(source: DialogueRounds, context: Context = inference): Encoded {
    return this.read(source, context);
  }

  /** The same, with where it looked. */
  read(
    { images, rounds: R, texts, questions, answers, asked, without = [] }: DialogueRounds,
    context: Context = inference,
  ): EncodedDialogues {
    const history = this.config.history && !without.includes('history');
    const { looks, keep, told: toldNorm, topic } = this.parts;
    const places = this.#see(images, this.config.image && !without.includes('image'), context); // [B, L, D]
    const [B, L, D] = places.shape;
    const { device } = places;
    const offsets = offsetMatrix(this.backbone.grid, device);
    const { last: vectors } = this.sentences.read(device, texts, context); // [N, Q]
    const Q = vectors.shape[1];
    const [qs, as] = [questions, answers].map((which) => reshape(embedding(vectors, which), [R, B, Q]));
    const nothing = device.zeros([B, Q]);
    const rounds: { readonly o: Tensor; readonly maps: readonly Tensor[] }[] = [];
    let [before, state]: [Tensor, StackState | null] = [nothing, null];
    let focus = device.zeros([B, L]);
    const prepared = looks.map((look) => look.prepare(places));
    for (let r = 0; r < R; r++) {
      const q = at(qs, r);
      const xs = concat([q, before], -1);
      const run = this.#dialogue.run(reshape(xs, [1, ...xs.shape]), context, { state });
      const told = toldNorm.apply(concat([at(run.outputs, 0), q], -1));
      const last = rounds.at(-1)?.maps.at(-1);
      if (history && last) {
        const g = sigmoid(keep.apply(told)); // [B, 1]
        focus = add(mul(g, last), mul(sub(1, g), focus));
      }
      const of = reshape(matmul(reshape(focus, [B, 1, L]), places), [B, D]);
      const query = concat([told, topic.apply(of)], -1);
      const maps: Tensor[] = [];
      const found: Tensor[] = [];
      for (const [k, look] of looks.entries()) {
        const near = nearby(maps.at(-1) ?? focus, offsets);
        const seen = look.apply({ query: concat([query, ...found.slice(-1)], -1), places: prepared[k], near });
        maps.push(seen.weights);
        found.push(seen.found);
      }
      rounds.push({ o: this.#fuse(query, concat(found, -1)), maps });
      if (history) [before, state] = [at(as, r), run.state];
    }
    const pick = (all: readonly Tensor[]): Tensor => {
      const width = all[0].shape[1];
      return embedding(reshape(stack(all), [R * B, width]), asked); // [N, width]
    };
    const o = pick(rounds.map((round) => round.o));
    return {
      memory: reshape(o, [1, ...o.shape]),
      state: stateOf(this.#dialogue.cell, this.config.layers, o),
      constant: this.#dropout.apply(o, context),
      looks: looks.map((_, k) => pick(rounds.map(({ maps }) => maps[k]))),
    };
  }

  #fuse(query: Tensor, found: Tensor): Tensor {
    const { output, asked, seen, fused } = this.parts;
    const both = mul(asked.apply(query), seen.apply(found));
    return tanh(fused.apply(add(output.apply(concat([query, found], -1)), both)));
  }

  /** Features of the places `[B, L, D]`: 0 and their positions where it does not see the image. */
  #see(images: Tensor, sees: boolean, context: Context): Tensor {
    const { position, norm } = this.parts;
    const [L, P] = position.value.shape;
    const shape = [images.shape[0], L, this.backbone.depth];
    const map = sees ? reshape(this.backbone.maps(images, context), shape) : null;
    const features = map ? norm.apply(map) : images.device.zeros(shape);
    return concat([features, broadcastTo(position.value, [shape[0], L, P])], -1);
  }
}

/** P, numbers for the position of a place. */
const positionUnits = 16;
