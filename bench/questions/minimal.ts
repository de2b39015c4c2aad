import { openDevice } from 'unrolled';
import {
  crossEntropyLoss,
  type Declarations,
  inference,
  initialiseParameters,
  Linear,
  Recurrent,
  type StackState,
} from 'unrolled/nn';
import { Optimizer } from 'unrolled/optim';
import { arithmetic } from '../machine.ts';
import { besideBest, type Question } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';

const [H, V, T, warmup] = [100, 65, 25, 300];
/** Iterations after which losses are still alike: what rounding changes grows tenfold with every five. */
const alike = 10;
const learningRate = 0.1;

interface Run {
  readonly milliseconds: readonly number[];
  /** Σ −log p over the T characters, in nats, of every iteration. */
  readonly losses: readonly number[];
}
type Values = Readonly<Record<string, readonly number[]>>;

/** The characters that all engines read; none is like the others for long. */
const ids: readonly number[] = Array.from({ length: 20_001 }, (_, i) => (i * i + 7 * i) % V);

/** Ours: a one-hot vector times W_xh, as the minimal model has it, the general layers and no language model around. */
async function ours(iterations: number): Promise<Run & { initial: Values }> {
  const device = await openDevice('wasm', { threads: 1 });
  const recurrent = new Recurrent({ cell: { cell: 'rnn', hidden: H } });
  const output = new Linear({ units: V });
  const model = {
    build: (input: readonly number[], declarations: Declarations) =>
      output.build(recurrent.build(input, declarations.within('rnn')), declarations.within('output')),
  };
  const parameters = initialiseParameters(model, [T, 1, V], device, 1);
  const initial = Object.fromEntries(
    Object.entries(await parameters.save()).map(([name, { data }]) => [name, [...data]]),
  );
  const optimizer = new Optimizer(parameters, { method: 'adagrad' });
  const milliseconds: number[] = [];
  const losses: number[] = [];
  let state: StackState | null = null;
  for (let i = 0; i < iterations; i++) {
    const start = performance.now();
    const first = (i * T) % (ids.length - 1);
    const oneHot = new Float32Array(T * V);
    for (let t = 0; t < T; t++) oneHot[t * V + ids[first + t]] = 1;
    state = device.carry<StackState>(state, (before) => {
      const run = recurrent.run(device.tensor(oneHot, [T, 1, V]), inference, { state: before });
      const targets = device.ids(ids.slice(first + 1, first + T + 1), [T, 1]);
      const loss = crossEntropyLoss(output.apply(run.outputs), targets, { reduction: 'sum' });
      losses.push(loss.item());
      parameters.backward(loss);
      optimizer.update({ learningRate, clipValue: 5 });
      return run.state.map(({ h }) => ({ h: h.detach() }));
    });
    milliseconds.push(performance.now() - start);
  }
  device.close();
  return { milliseconds: milliseconds.slice(warmup), losses, initial };
}

/** @throws Error if two engines that begin alike do not learn alike */
function assertAlike(name: string, ours: Run, theirs: Run): void {
  ours.losses.forEach((loss, i) => {
    const other = theirs.losses[i];
    if (!(Math.abs(loss - other) <= 1e-3 * other)) {
      throw new Error(`minimal: at iteration ${i} our loss is ${loss}, that of ${name} ${other}`);
    }
  });
}

export const minimal: Question = {
  name: 'minimal',
  asks: `ms of an iteration of the minimal character model: 1×RNN-${H}, one-hot, B 1, T ${T}, Adagrad, clip ±5`,
  async answer({ runs, rounds, peak, peers: { pytorch, numpy } }) {
    // They are short: one is not worth a process.
    const iterations = warmup + 40 * runs;
    const options = { ids, H, V, T, learningRate, warmup, threads: 1 };
    const { initial } = await ours(1);
    const scripts = {
      ...(numpy && { 'NumPy, 1 thread': [numpy, 'numpy_minimal.py'] as const }),
      ...(pytorch && { 'PyTorch, 1 thread': [pytorch, 'pytorch_minimal.py'] as const }),
    };
    const engines: Record<string, Engine> = {
      'unrolled, 1 thread': async () => summarise((await ours(iterations)).milliseconds).median,
    };
    for (const [name, [peer, script]] of Object.entries(scripts)) {
      const run = (count: number): Run => peer.run<Run>(script, { ...options, iterations: count, initial });
      assertAlike(name, await ours(alike), run(alike));
      engines[name] = () => summarise(run(iterations).milliseconds).median;
    }
    const timings = Object.entries(await interleave(engines, rounds));
    const theirs = timings.filter(([engine]) => !engine.startsWith('unrolled')).map(([, { median }]) => median);
    const rows = timings.map(([engine, { median, min, max }]) => ({
      engine,
      'ms per iteration': rounded(median),
      'min–max': `${rounded(min)}–${rounded(max)}`,
      'characters/s': Math.round((T * 1000) / median),
      ...arithmetic(6 * (H * H + H * V) * T, median, 1, peak),
      ...besideBest(theirs, median),
    }));
    return {
      rows,
      notes: ['All begin with the same parameters and had the same losses. GFLOP/s leaves out the one-hot product.'],
    };
  },
};
