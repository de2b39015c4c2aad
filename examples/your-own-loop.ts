// A training loop by hand. The task: add up the numbers of a sequence, which takes a memory of one number.
//
//     node examples/your-own-loop.ts

import { openDevice, Random } from 'unrolled';
import { inference, initialiseParameters, Linear, Recurrent, Sequential, squaredErrorLoss } from 'unrolled/nn';
import { Optimizer } from 'unrolled/optim';

const device = await openDevice();
const model = new Sequential([new Recurrent({ cell: { cell: 'gru', hidden: 16 } }), new Linear({ units: 1 })]);
const parameters = initialiseParameters(model, [-1, -1, 1], device, 1);
const optimizer = new Optimizer(parameters, { method: 'adam' });
const random = new Random(2);
const [T, B] = [10, 32];

for (let step = 1; step <= 500; step++) {
  // Everything made in the scope is gone when it ends; only the number it returns stays.
  const loss = device.scope(() => {
    const xs = device.tensor(
      Array.from({ length: T * B }, () => random.uniform()),
      [T, B, 1],
    );
    const sums = xs.sum({ axes: 0 }); // [B, 1]
    const predicted = model.apply(xs, inference).at(-1); // [T, B, 1] → the last step's [B, 1]
    const loss = squaredErrorLoss(predicted, sums);
    parameters.backward(loss);
    return loss.item();
  });
  optimizer.update({ learningRate: 0.01, clipNorm: 1 });
  if (step % 100 === 0) console.log(`step ${step}   mean squared error ${loss.toFixed(4)}`);
}
device.close();
