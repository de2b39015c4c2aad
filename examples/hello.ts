// The smallest language model: four letters, one word. From "h" it learns to say "hello". After "l" comes once "l" and
// once "o", so the letter alone does not say what follows: the model must remember where it is.
//
//     node examples/hello.ts

import { openDevice } from 'unrolled';
import {
  crossEntropyLoss,
  Embedding,
  inference,
  initialiseParameters,
  Linear,
  Recurrent,
  Sequential,
} from 'unrolled/nn';
import { Optimizer } from 'unrolled/optim';

const letters = [...'helo'];
const device = await openDevice();
const model = new Sequential([
  new Embedding({ vocabularySize: letters.length, dimension: 4 }),
  new Recurrent({ cell: { cell: 'rnn', hidden: 8 } }),
  new Linear({ units: letters.length }),
]);
const parameters = initialiseParameters(model, [-1, 1], device, 5);
const optimizer = new Optimizer(parameters, { method: 'adam' });

/** A text as ids, one column: `[T, 1]`. */
const idsOf = (text: string) =>
  device.ids(
    [...text].map((letter) => letters.indexOf(letter)),
    [text.length, 1],
  );

/** Goes on from "h", always with the likeliest letter. */
function say(): string {
  let text = 'h';
  while (text.length < 5) {
    const next = device.scope(() => model.apply(idsOf(text), inference).at(-1).argmax().item());
    text += letters[next];
  }
  return text;
}

for (let step = 0; step <= 50; step++) {
  const loss = device.scope(() => {
    const logits = model.apply(idsOf('hell'), inference); // [4, 1, V]
    const loss = crossEntropyLoss(logits, idsOf('ello'));
    parameters.backward(loss);
    return loss.item();
  });
  if (step % 5 === 0) console.log(`step ${String(step).padStart(2)}   loss ${loss.toFixed(3)} nats   ${say()}`);
  optimizer.update({ learningRate: 0.01 });
}
device.close();
