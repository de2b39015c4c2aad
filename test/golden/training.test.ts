import {
  crossEntropyLoss,
  Declarations,
  Embedding,
  inference,
  Linear,
  Parameters,
  Recurrent,
  type StackState,
} from 'unrolled/nn';
import { Optimizer } from 'unrolled/optim';
import { describe, test } from 'vitest';
import { stack } from '../../packages/unrolled/src/ops/index.ts';
import { expectClose } from '../closeness.ts';
import { subjects } from '../devices.ts';
import { loadTraining } from './load.ts';

describe.each(subjects)('$name', ({ open, tolerance }) => {
  test('embedding → 2 × LSTM → linear trains as in PyTorch: losses, gradient norms, weights and state', async () => {
    const golden = loadTraining();
    const { B, V, embeddingSize, hiddenSize, layers } = golden.config;
    const device = await open();
    const embedding = new Embedding({ vocabularySize: V, dimension: embeddingSize });
    const lstm = new Recurrent({ cell: { cell: 'lstm', hidden: hiddenSize }, layers });
    const output = new Linear({ units: V });
    const declarations = new Declarations();
    const embedded = embedding.build([-1, B], declarations.within('embedding'));
    output.build(lstm.build(embedded, declarations.within('lstm')), declarations.within('output'));
    const parameters = new Parameters(device, declarations.declared, 1);
    parameters.load(golden.initial);

    const { lr: learningRate, betas, eps: epsilon } = golden.optimizer;
    const optimizer = new Optimizer(parameters, { method: 'adam', beta1: betas[0], beta2: betas[1], epsilon });
    const losses: number[] = [];
    const norms: number[] = [];
    let state: StackState | null = null;
    for (const [step, input] of golden.inputs.entries()) {
      state = device.carry(state, (carried): StackState => {
        const target = golden.targets[step];
        const xs = embedding.apply(device.ids(input.data, input.shape));
        const run = lstm.run(xs, inference, { state: carried });
        const loss = crossEntropyLoss(output.apply(run.outputs), device.ids(target.data, target.shape));
        parameters.backward(loss);
        const update = optimizer.update({ learningRate, clipNorm: golden.maxNorm });
        losses.push(loss.item());
        norms.push(update.norm.item());
        return run.state.map(({ h, c }) => ({ h: h.detach(), c: c.detach() }));
      });
    }

    expectClose('losses', losses, golden.losses, tolerance);
    expectClose('gradient norms', norms, golden.gradientNorms, tolerance);
    const final = await parameters.save();
    for (const [name, { data }] of Object.entries(golden.final)) {
      expectClose(name, final[name].data, data, tolerance);
    }
    expectClose('h', stack(state!.map(({ h }) => h)).data(), golden.finalState.h.data, tolerance);
    expectClose('c', stack(state!.map(({ c }) => c)).data(), golden.finalState.c.data, tolerance);
    device.close();
  });
});
