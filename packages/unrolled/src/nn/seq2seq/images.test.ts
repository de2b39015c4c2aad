import { describe, expect, test } from 'vitest';
import { gradientError } from '../../autodiff/check.ts';
import { gradients } from '../../autodiff/gradients.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { ConfigError } from '../../errors.ts';
import { createDevice } from '../../ops/create-device.ts';
import { add, concat, embedding, logSoftmax, mul, reshape, scale, softmax, stack, sum } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Attention } from '../attention.ts';
import { inference, initialiseParameters } from '../layer.ts';
import { Declarations, Parameters } from '../parameters.ts';
import { reinforceLoss, reinforceWithBaseline } from '../reinforce.ts';
import { Decoder } from './decoder.ts';
import { EncoderDecoder } from './encoder-decoder.ts';
import { type Conditioning, conditionings, FeatureEncoder } from './feature-encoder.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));
const random = (shape: Shape, seed: number): Tensor => {
  const source = new Random(seed);
  return device.tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => source.normal()),
    shape,
  );
};
const [T, B, S, E, D, K, H] = [3, 2, 4, 5, 6, 3, 5];
const plain = { cell: 'lstm', hidden: H, layers: 1, dropout: 0, choices: 7 } as const;
const state = [{ h: random([B, H], 5), c: random([B, H], 6) }];
const shapes = { ys: [-1, -1, E], memory: [-1, -1, D] };
const [ys, memory, constant] = [random([T, B, E], 1), random([S, B, D], 2), random([B, K], 3)];

const same = (a: Tensor, b: Tensor): void => {
  expect(a.shape).toEqual(b.shape);
  for (const [i, value] of a.data().entries()) expect(value).toBeCloseTo(b.data()[i], 12);
};

describe('a decoder about an image', () => {
  test('with a constant reads it beside every input, in one pass and step by step', () => {
    const joined = new Decoder(plain);
    initialiseParameters(joined, { ...shapes, constant: [-1, K] }, device, 1);
    const wide = new Decoder(plain);
    initialiseParameters(wide, { ...shapes, ys: [-1, -1, E + K] }, device, 1);
    const beside = concat([ys, stack([constant, constant, constant])], -1);
    const expected = wide.apply({ ys: beside, memory, state }, inference);
    same(joined.apply({ ys, memory, state, constant }, inference), expected);
    const begun = joined.begin({ state, constant }, null);
    const walked = joined.walk(T, (t) => ys.at(t), null, begun, inference);
    same(joined.logits(walked.vectors), expected);
  });

  test('with a first input begins after it', () => {
    const decoder = new Decoder(plain);
    initialiseParameters(decoder, shapes, device, 1);
    const whole = decoder.apply({ ys, memory, state }, inference);
    const rest = decoder.apply({ ys: ys.slice(0, 1), memory, state, first: ys.at(0) }, inference);
    same(rest, whole.slice(0, 1));
  });

  test('with a gate scales its context, which has a gradient', async () => {
    const attention = { score: 'additive', units: 4 } as const;
    const decoder = new Decoder({ ...plain, attention, feeding: 'context', gate: true });
    const parameters = initialiseParameters(decoder, shapes, device, 1);
    expect(parameters.get('gate.weight').shape).toEqual([1, H]);
    const loss = ([x]: readonly Tensor[]): Tensor =>
      sum(mul(decoder.apply({ ys: x, memory, state }, inference), random([T, B, 7], 9)));
    expect(await gradientError([ys], loss)).toBeLessThan(1e-6);
    // A closed gate leaves nothing of the memory in the input of the recurrence; the output layer still reads the context.
    device.backend.write(parameters.get('gate.bias'), [-1e9]);
    const other = random([S, B, D], 8);
    const recurrent = (m: Tensor) => {
      const prepared = decoder.prepare(m);
      return decoder.step(ys.at(0), prepared, decoder.begin({ state }, prepared), inference).state.recurrent[0].h;
    };
    same(recurrent(memory), recurrent(other));
    expect(() => new Decoder({ ...plain, attention, gate: true })).toThrow(ConfigError);
  });
});

describe('an encoder of features', () => {
  const features = random([S, B, D], 2);
  const about = (conditioning: Conditioning, attention: { readonly score: 'additive' } | null) => {
    const sizes = { cell: 'gru', hidden: H, layers: 1, dropout: 0 } as const;
    const encoder = new FeatureEncoder({ ...sizes, dimension: E, conditioning, units: 4 });
    const model = new EncoderDecoder(encoder, { ...sizes, vocabularySize: 7, dimension: E, attention });
    const parameters = initialiseParameters(model, { source: [-1, -1, D], targets: [-1, -1] }, device, 1);
    return { model, parameters };
  };

  test.each(conditionings)(
    'as %s: what is written depends on the image, and every parameter has a gradient',
    (name) => {
      const { model, parameters } = about(name, name === 'memory' ? { score: 'additive' } : null);
      const inputs = { source: features, targets: device.ids([1, 2, 3, 0], [2, B]) };
      const logits = model.apply(inputs, inference);
      const other = model.apply({ ...inputs, source: random([S, B, D], 30) }, inference);
      expect(logits.toArray()).not.toEqual(other.toArray());
      parameters.backward(sum(mul(logits, random(logits.shape, 4))));
      for (const parameter of parameters.names) {
        expect(
          parameters
            .gradient(parameter)
            .data()
            .some((g) => g !== 0),
          parameter,
        ).toBe(true);
      }
    },
  );

  test('without attention sees the mean only: places may be shuffled', () => {
    const { model } = about('first', null);
    const shuffled = concat([features.slice(0, 2), features.slice(0, 0, 2)]);
    const targets = device.ids([1, 2], [1, B]);
    same(model.apply({ source: features, targets }, inference), model.apply({ source: shuffled, targets }, inference));
    expect(() => model.apply({ source: random([B, D], 1), targets }, inference)).toThrow('needs features [L, B, D]');
  });
});

describe('hard attention', () => {
  const attention = new Attention({ score: 'scaled-general', hard: true });
  initialiseParameters(attention, { queries: [-1, -1, E], memory: [-1, -1, D] }, device, 1);
  const soft = new Attention({ score: 'scaled-general' });
  initialiseParameters(soft, { queries: [-1, -1, E], memory: [-1, -1, D] }, device, 1);
  const [query, lengths] = [random([B, E], 4), [4, 2]];

  test('looks at one position: the one of the greatest weight, in training one that is drawn', () => {
    const prepared = attention.prepare(memory, lengths);
    const { weights } = soft.step(query, soft.prepare(memory, lengths));
    const values = memory.toArray() as number[][][];
    const step = attention.step(query, prepared);
    same(step.weights, weights);
    (weights.toArray() as number[][]).forEach((row, b) => {
      const likeliest = row.indexOf(Math.max(...row));
      expect((step.context.toArray() as number[][])[b]).toEqual(values[likeliest][b]);
    });
    expect(step.drawn).toBeNull();

    const seen = [new Set<number>(), new Set<number>()];
    const context = { training: true, random: new Random(1) } as const;
    for (let i = 0; i < 60; i++) {
      const { context: read, drawn } = attention.step(query, prepared, { context });
      const p = weights.toArray() as number[][];
      (read.toArray() as number[][]).forEach((row, b) => {
        const position = values.findIndex((at) => at[b].every((value, d) => value === row[d]));
        seen[b].add(position);
        expect(drawn!.logProbability.data()[b]).toBeCloseTo(Math.log(p[b][position]), 10);
        const entropy = -p[b].filter((w) => w > 0).reduce((total, w) => total + w * Math.log(w), 0);
        expect(drawn!.entropy.data()[b]).toBeCloseTo(entropy, 10);
      });
    }
    // Never beyond a row's length.
    expect([...seen[0]].sort()).toEqual([0, 1, 2, 3]);
    expect([...seen[1]].sort()).toEqual([0, 1]);
  });

  test('has the mean in place of a draw as often as asked, with nothing to reinforce', () => {
    const often = new Attention({ score: 'scaled-general', hard: true, expected: 0.7 });
    initialiseParameters(often, { queries: [-1, -1, E], memory: [-1, -1, D] }, device, 1);
    const mean = soft.step(query, soft.prepare(memory, lengths)).context.toArray() as number[][];
    const context = { training: true, random: new Random(2) } as const;
    let means = 0;
    for (let i = 0; i < 200; i++) {
      const { context: read, drawn } = often.step(query, often.prepare(memory, lengths, { context }), { context });
      (read.toArray() as number[][]).forEach((row, b) => {
        const isMean = row.every((value, d) => Math.abs(value - mean[b][d]) < 1e-12);
        means += Number(isMean);
        expect(drawn!.logProbability.data()[b] === 0).toBe(isMean);
      });
    }
    expect(means / 400).toBeGreaterThan(0.6);
    expect(means / 400).toBeLessThan(0.8);
    // Not outside of training, where one asks for it.
    const whole = attention.step(query, attention.prepare(memory, lengths, { reads: 'mean' }));
    same(whole.context, soft.step(query, soft.prepare(memory, lengths)).context);
    same(
      often.step(query, often.prepare(memory, lengths)).context,
      attention.step(query, attention.prepare(memory, lengths)).context,
    );
  });

  test('asks for single steps', () => {
    expect(() => attention.attend(random([T, B, E], 1), attention.prepare(memory))).toThrow('call step for each query');
  });
});

describe('the estimate of REINFORCE', () => {
  // Two draws from three positions, the second depending on the first; what comes of a step depends on the draws so far.
  const P = 3;
  const [first, second] = [random([1, P], 11).track(), random([P, P], 12).track()];
  const early = [...random([P], 13).data()];
  const late = [...random([P * P], 14).data()];
  const pairs = Array.from({ length: P * P }, (_, i) => [Math.floor(i / P), i % P] as const);

  const pick = (rows: Tensor, row: number, column: number): Tensor =>
    embedding(reshape(rows, [-1, 1]), device.ids([row * P + column])); // [1, 1]
  const probability = (a: number, b: number): Tensor =>
    sum(mul(pick(softmax(first), 0, a), pick(softmax(second), a, b)));

  test.each([0, 2.5])('with baseline %d is unbiased: its mean over all draws is the gradient', (b) => {
    const losses = pairs.map(([a, c], i) => scale(probability(a, c), -(early[a] + late[i])));
    const exact = gradients(losses.reduce(add), [first, second]).flatMap((g) => [...g.data()]);

    const declarations = new Declarations();
    const baseline = declarations.buffer('baseline', [1], { kind: 'constant', value: b });
    new Parameters(device, declarations.declared, 1);
    const mean = exact.map(() => 0);
    pairs.forEach(([a, c], i) => {
      device.backend.write(baseline.value, [b]);
      const logProbability = concat([pick(logSoftmax(first), 0, a), pick(logSoftmax(second), a, c)]); // [T, 1]
      const episodes = {
        rewards: device.tensor([early[a], late[i]], [2, 1]),
        drawn: { logProbability, entropy: device.zeros([2, 1]) },
        active: device.ones([2, 1]),
      };
      const p = probability(a, c).item();
      const estimate = gradients(reinforceLoss(episodes, baseline, 0), [first, second]);
      for (const [k, value] of estimate.flatMap((g) => [...g.data()]).entries()) mean[k] += p * value;
      expect(baseline.value.data()[0]).toBeCloseTo(0.9 * b + (0.1 * (early[a] + late[i])) / 2, 12);
    });
    for (const [k, value] of mean.entries()) expect(value).toBeCloseTo(exact[k], 10);
  });

  test.each([0, 2.5])('with a baseline of %d that the model predicts it is, too, and the baseline learns', (b) => {
    const losses = pairs.map(([a, c], i) => scale(probability(a, c), -(early[a] + late[i])));
    const exact = gradients(losses.reduce(add), [first, second]).flatMap((g) => [...g.data()]);
    const baseline = device.tensor([b, b - 1], [2, 1]).track();
    const mean = exact.map(() => 0);
    pairs.forEach(([a, c], i) => {
      const logProbability = concat([pick(logSoftmax(first), 0, a), pick(logSoftmax(second), a, c)]); // [T, 1]
      const episodes = {
        rewards: device.tensor([early[a], late[i]], [2, 1]),
        drawn: { logProbability, entropy: device.zeros([2, 1]) },
        active: device.ones([2, 1]),
      };
      const p = probability(a, c).item();
      const found = gradients(reinforceWithBaseline(episodes, baseline, 0), [first, second, baseline]);
      const [policy, predicted] = [found.slice(0, 2), found[2]];
      for (const [k, value] of policy.flatMap((g) => [...g.data()]).entries()) mean[k] += p * value;
      // 2 (b − G)
      expect(predicted.data()[0]).toBeCloseTo(2 * (b - early[a] - late[i]), 10);
      expect(predicted.data()[1]).toBeCloseTo(2 * (b - 1 - late[i]), 10);
    });
    for (const [k, value] of mean.entries()) expect(value).toBeCloseTo(exact[k], 10);
  });
});
