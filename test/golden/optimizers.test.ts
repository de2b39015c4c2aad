import { Declarations, Parameters } from 'unrolled/nn';
import { Optimizer, type OptimizerOptions } from 'unrolled/optim';
import { describe, test } from 'vitest';
import { sum } from '../../packages/unrolled/src/ops/index.ts';
import { expectClose } from '../closeness.ts';
import { subjects } from '../devices.ts';
import { loadOptimizers, type OptimizerCase } from './load.ts';

const golden = loadOptimizers();

function optionsOf({ optimizer, options }: OptimizerCase): OptimizerOptions {
  const { momentum, nesterov, alpha, betas, eps: epsilon, weight_decay: weightDecay } = options;
  return {
    method: optimizer === 'sgd' && momentum !== undefined ? 'momentum' : optimizer,
    ...{ momentum, nesterov, alpha, beta1: betas?.[0], beta2: betas?.[1], epsilon, weightDecay },
  };
}

describe.each(subjects)('$name', ({ open, tolerance }) => {
  test.each(golden.cases)('ten steps of $name end each where PyTorch does', async (one) => {
    const device = await open();
    const declarations = new Declarations();
    declarations.declare('weight', golden.initial.shape, { kind: 'constant', value: 0 });
    const parameters = new Parameters(device, declarations.declared, 1);
    parameters.load({ weight: golden.initial });
    const optimizer = new Optimizer(parameters, optionsOf(one));
    const [steps, n] = golden.gradients.shape;
    for (let step = 0; step < steps; step++) {
      device.scope(() => {
        // L = Σ w·g has the gradient g.
        const g = device.tensor(golden.gradients.data.slice(step * n, (step + 1) * n));
        parameters.backward(sum(parameters.get('weight').mul(g)));
        optimizer.update({ learningRate: one.options.lr });
        const expected = one.weights.data.slice(step * n, (step + 1) * n);
        expectClose(`after step ${step + 1}`, parameters.values.data(), expected, tolerance);
      });
    }
    device.close();
  });
});
