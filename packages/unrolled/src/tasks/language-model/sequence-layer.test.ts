import { beforeAll, describe, expect, test } from 'vitest';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { ConfigError, FormatError } from '../../errors.ts';
import { gradientFlow } from '../../inspect/gradient-flow.ts';
import {
  Buildable,
  type Context,
  type Declarations,
  inference,
  Linear,
  Recurrent,
  type SequenceLayer,
  type SequenceRunOptions,
  type StackState,
} from '../../nn/index.ts';
import { createDevice } from '../../ops/create-device.ts';
import { concat, embedding, reshape, slice, tanh } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { tokenizerFor } from '../../tokenizers/create.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../train/checkpoint.ts';
import { train } from '../../train/train.ts';
import { evaluateLanguageModel } from './evaluate.ts';
import { generateTogether } from './generate.ts';
import { inspectLanguageModel } from './inspect.ts';
import { LanguageModel } from './model.ts';
import { languageModelTraining } from './training.ts';
import { readTokens } from './units.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));

/** y_t = tanh(W [x_{t−n+1}; …; x_t] + b): a causal window without a recurrence, whose state is the inputs before. */
class CausalWindow extends Buildable<{ map: Linear; features: number }> implements SequenceLayer {
  readonly config: { readonly layer: 'causalWindow'; readonly units: number; readonly span: number };

  constructor({ units, span }: { readonly units: number; readonly span: number }) {
    super();
    this.config = { layer: 'causalWindow', units, span };
  }

  build(input: Shape, declarations: Declarations): Shape {
    const { units, span } = this.config;
    const map = new Linear({ units });
    this.parts = { map, features: input.at(-1)! };
    return map.build([...input.slice(0, -1), span * input.at(-1)!], declarations.within('map'));
  }

  initialState(batch: number, on: Device): StackState {
    return [{ past: on.zeros([batch, this.config.span - 1, this.parts.features]) }];
  }

  apply(xs: Tensor, context: Context): Tensor {
    return this.run(xs, context).outputs;
  }

  run(xs: Tensor, _: Context, { state, lengths }: SequenceRunOptions = {}): { outputs: Tensor; state: StackState } {
    const [T, B, F] = xs.shape;
    const n = this.config.span;
    const [{ past }] = state ?? this.initialState(B, xs.device);
    const all = concat([past.transpose([1, 0, 2]), xs]); // [n − 1 + T, B, F]
    const windows = Array.from({ length: n }, (_, k) => slice(all, 0, k, k + T));
    const places = Array.from({ length: B * (n - 1) }, (_, i) => {
      const [b, k] = [Math.floor(i / (n - 1)), i % (n - 1)];
      return ((lengths?.[b] ?? T) + k) * B + b;
    });
    const next = embedding(reshape(all, [-1, F]), xs.device.ids(places, [B, n - 1]));
    return { outputs: tanh(this.parts.map.apply(concat(windows, -1))), state: [{ past: next }] };
  }
}

const text = 'she sells sea shells by the sea shore. '.repeat(40);
const tokenizer = tokenizerFor('char', text);
const tokens = tokenizer.encode(text);
const own = { layers: { causalWindow: CausalWindow } };
const newModel = (seed = 3) => {
  const sequence = new CausalWindow({ units: 24, span: 4 });
  return new LanguageModel(device, tokenizer, { sequence, embedding: 6, dropout: 0.1 }, seed);
};
const taskOf = (model: LanguageModel) =>
  languageModelTraining(model, tokens, { batch: 4, steps: 10, seed: 5, sampleLength: 8 });
const options = { optimizer: { method: 'adam' }, learningRate: 0.02, progressEvery: 40 } as const;

async function learn(model: LanguageModel, steps: number, resume?: Checkpoint) {
  const losses: number[] = [];
  const samples: string[] = [];
  let last: Checkpoint | null = null;
  for await (const event of train(taskOf(model), { ...options, steps, resume })) {
    if (event.type === 'progress') losses.push(event.loss);
    if (event.type === 'sample') samples.push(event.text);
    if (event.type === 'checkpoint') last = event.checkpoint;
  }
  return { losses, samples, checkpoint: last! };
}

describe('a language model of a layer that is not recurrent', () => {
  const model = newModel();
  let file: Uint8Array;
  let learnt: Awaited<ReturnType<typeof learn>>;
  beforeAll(async () => {
    learnt = await learn(model, 160);
    file = encodeCheckpoint(learnt.checkpoint);
  });

  test('learns, and writes samples', () => {
    expect(learnt.losses.at(-1)).toBeLessThan(0.4 * learnt.losses[0]);
    expect(learnt.samples.at(-1)).toHaveLength(8);
    expect(model.parameters.names).toEqual([
      'embedding.weight',
      'causalWindow.map.weight',
      'causalWindow.map.bias',
      'output.weight',
      'output.bias',
    ]);
  });

  test('reads a text at once as in parts, with the state carried', () => {
    const ids = (from: number, to: number) => device.ids(tokens.subarray(from, to), [to - from, 1]);
    const whole = [...model.apply(ids(0, 9)).logits.data()];
    const first = model.apply(ids(0, 5));
    const second = model.apply(ids(5, 9), inference, { state: first.state });
    expect([...first.logits.data(), ...second.logits.data()]).toEqual(whole);
  });

  test('opens from its file with the class of its layer, and resumes to the same bits', async () => {
    const loaded = LanguageModel.load(device, file, own);
    expect(loaded.config).toEqual(model.config);
    expect(await evaluateLanguageModel(loaded, tokens)).toEqual(await evaluateLanguageModel(model, tokens));
    const half = await learn(newModel(), 20);
    const resumed = await learn(newModel(9), 40, decodeCheckpoint(encodeCheckpoint(half.checkpoint)));
    expect(resumed.checkpoint.parameters).toEqual((await learn(newModel(), 40)).checkpoint.parameters);
  });

  test('that reads in both directions is refused: it would see what it is to predict', () => {
    const sequence = new Recurrent({ cell: 'gru', hidden: 3, layers: 1, bidirectional: true });
    const create = () => new LanguageModel(device, tokenizer, { sequence, embedding: 6, dropout: 0 });
    expect(create).toThrow('a bidirectional layer reads the tokens that are to be predicted');
  });

  test('without the class is refused, as is a layer without a state', () => {
    expect(() => LanguageModel.load(device, file)).toThrow(ConfigError);
    expect(() => LanguageModel.load(device, file)).toThrow(
      "pass the class of your own: { layers: { 'causalWindow': MyLayer } }",
    );
    const sequence = new Linear({ units: 3 }) as unknown as SequenceLayer;
    const create = () => new LanguageModel(device, tokenizer, { sequence, embedding: 6, dropout: 0 });
    expect(create).toThrow("the layer 'linear' keeps no state; a sequence layer has initialState and run");
    const both = { ...model.describe(), config: { ...model.config, cell: 'lstm' } };
    expect(() => LanguageModel.from(device, both as never, own)).toThrow(FormatError);
  });

  test('continues prompts of different lengths together as each alone', async () => {
    const together = async (prompts: readonly string[], seed: number): Promise<string[]> => {
      const written = prompts.map(() => '');
      for await (const { stream, piece } of generateTogether(model, { prompts, seed, length: 12 }))
        written[stream] += piece;
      return written;
    };
    const prompts = ['she sells sea', 'by', ''];
    const alone = await Promise.all(prompts.map((prompt, i) => together([prompt], 4 + i)));
    expect(await together(prompts, 4)).toEqual(alone.flat());
  });

  test('says where recurrent layers are needed', async () => {
    const message = "are of recurrent layers; this model has the layer 'causalWindow'";
    const inspected = inspectLanguageModel(model, tokens, { batch: 2, steps: 12 });
    await expect(gradientFlow(inspected, { lags: 4, positions: 2 })).rejects.toThrow(ConfigError);
    await expect(gradientFlow(inspected, { lags: 4, positions: 2 })).rejects.toThrow(message);
    const reading = readTokens(model, tokens);
    expect(() => reading.read(Int32Array.of(0), [1, 1], null, () => ({ step: () => {} }))).toThrow(message);
    const hold = [{ layer: 0, part: 'h', unit: 0, value: 0 }];
    expect(() => model.apply(device.ids([1], [1, 1]), inference, { hold })).toThrow(message);
    expect(() => model.recurrent).toThrow(message);
  });
});

test('a recurrent layer as the sequence layer is the same model', async () => {
  const config = { cell: 'gru', hidden: 5, layers: 2 } as const;
  const plain = new LanguageModel(device, tokenizer, { ...config, embedding: 4, dropout: 0 }, 2);
  const layer = { layer: 'recurrent', ...config, dropout: 0 };
  const other = new LanguageModel(device, tokenizer, { sequence: layer, embedding: 4, dropout: 0 }, 2);
  const ids = device.ids(tokens.subarray(0, 6), [6, 1]);
  const values = Object.entries(await plain.parameters.save());
  other.parameters.load(Object.fromEntries(values.map(([name, value]) => [name.replace(/^gru/, 'recurrent'), value])));
  expect(LanguageModel.from(device, JSON.parse(JSON.stringify(other.describe()))).config).toEqual(other.config);
  const seen: string[] = [];
  const probe = () => ({ step: () => void seen.push('step') });
  other.apply(ids, inference, { probe });
  expect(seen).toHaveLength(2 * 6);
  expect(other.recurrent.config).toMatchObject(config);
  expect([...other.apply(ids).logits.data()]).toEqual([...plain.apply(ids).logits.data()]);
});
