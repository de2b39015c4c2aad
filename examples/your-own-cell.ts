// A cell of one's own: a state and a step, a dozen lines. What the step names becomes a parameter; gradients, unrolling,
// stacking and masks are the library's. The same definition as the default export of a file trains from the command:
// unrolled train my.txt --cell ./my-cell.ts
//
//     node examples/your-own-cell.ts

import { openDevice } from 'unrolled';
import {
  crossEntropyLoss,
  defineCell,
  Embedding,
  inference,
  initialiseParameters,
  Linear,
  Recurrent,
  Sequential,
} from 'unrolled/nn';
import { Optimizer } from 'unrolled/optim';

/** A GRU with one gate: z says how much of the state stays. */
const oneGate = defineCell({
  name: 'one-gate',
  initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
  step(x, { h }, { linear }) {
    const z = linear('z', [x, h]).sigmoid(); // W·[x; h] + b, as wide as the state
    const n = linear('n', [x, h]).tanh();
    const next = h.mul(z).add(n.mul(z.mul(-1).add(1)));
    return { output: next, state: { h: next }, gates: { z, n } };
  },
});

const letters = [...'helo'];
const device = await openDevice();
const model = new Sequential([
  new Embedding({ vocabularySize: letters.length, dimension: 4 }),
  new Recurrent({ cell: oneGate, hidden: 8 }),
  new Linear({ units: letters.length }),
]);
const parameters = initialiseParameters(model, [-1, 1], device, 5);
const optimizer = new Optimizer(parameters, { method: 'adam' });
const idsOf = (text: string) => device.ids(Array.from(text, (letter) => [letters.indexOf(letter)])); // [T, 1]

console.log(`parameters: ${parameters.names.filter((name) => name.startsWith('1.')).join(', ')}`);
for (let step = 0; step <= 60; step++) {
  const { loss, said } = device.scope(() => {
    const logits = model.apply(idsOf('hell'), inference); // [4, 1, V]
    const said = Array.from(logits.argmax().data(), (id) => letters[id]).join('');
    const loss = crossEntropyLoss(logits, idsOf('ello'));
    parameters.backward(loss);
    return { loss: loss.item(), said };
  });
  if (step % 10 === 0) console.log(`step ${String(step).padStart(2)}   loss ${loss.toFixed(3)} nats   hell → ${said}`);
  optimizer.update({ learningRate: 0.01 });
}
device.close();
