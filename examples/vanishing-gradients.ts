// Why an LSTM: how much of the gradient of the last step still arrives k steps earlier. In a tanh network it is
// multiplied at every step by W_hhᵀ and by tanh′ ≤ 1, and fades; along an LSTM's cell it is only multiplied by the
// forget gate, which starts near 1.
//
//     node examples/vanishing-gradients.ts

import { openDevice, Random } from 'unrolled';
import { createCell, Declarations, Parameters, unroll } from 'unrolled/nn';

const [steps, features, hidden] = [60, 8, 32];
const device = await openDevice();
const random = new Random(1);
const xs = device.tensor(
  Array.from({ length: steps * features }, () => random.normal()),
  [steps, 1, features],
);

/** ‖∂L_T/∂state_t‖ for every step t, over all parts of the state. */
function gradientNorms(name: string, options: object = {}): number[] {
  const cell = createCell({ cell: name, hidden, ...options });
  const declarations = new Declarations();
  cell.build(features, declarations);
  const parameters = new Parameters(device, declarations.declared, 1);
  const norms = new Array<number>(steps);
  device.scope(() => {
    const { outputs } = unroll(cell, xs, null, {
      probe: {
        gradient(t, state) {
          const numbers = Object.values(state).flatMap((part) => [...part.data()]);
          norms[t] = Math.hypot(...numbers);
        },
      },
    });
    parameters.backward(outputs.at(-1).sum()); // only the last step is asked
  });
  return norms;
}

function chart(title: string, norms: readonly number[]): void {
  console.log(title);
  for (let lag = 0; lag < steps; lag += 10) {
    const share = norms[steps - 1 - lag] / norms[steps - 1];
    const decades = Math.max(0, Math.round(40 + 4 * Math.log10(share)));
    console.log(
      `  ${String(lag).padStart(2)} steps back  ${share.toExponential(1).padStart(7)}  ${'█'.repeat(decades)}`,
    );
  }
}

chart('tanh RNN', gradientNorms('rnn'));
chart('LSTM, forget bias 3', gradientNorms('lstm', { forgetBias: 3 }));
device.close();
