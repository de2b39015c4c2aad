/**
 * Draws the pictures of docs/gradients.md: a simple cell and an LSTM of the same width learn the library's own sources,
 * and how far their gradients reach back is measured before and after. Takes half a minute. Run it again after changing
 * what it shows: node tools/gradient-pictures.ts
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDevice } from 'unrolled';
import { lineChart, type Series } from 'unrolled/charts';
import { LanguageModel, languageModelTraining, splitText, tokenizerFor } from 'unrolled/tasks/language-model';
import { train } from 'unrolled/train';
import { drawGradients } from '../packages/cli/src/gradients/pictures.ts';
import { measureGradients } from '../packages/cli/src/gradients/report.ts';

const command = 'node tools/gradient-pictures.ts';
const root = fileURLToPath(new URL('..', import.meta.url));
const pictures = join(root, 'docs', 'pictures');
const sources = globSync('packages/unrolled/src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts', '**/generated/**'] });
const text = sources
  .sort()
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .join('\n');
const tokenizer = tokenizerFor('char', text);
const tokens = tokenizer.encode(text);
const { validation } = splitText(tokens);
const steps = 1000;

mkdirSync(pictures, { recursive: true });
const device = await openDevice();
const series: Series[] = [];
for (const cell of ['rnn', 'lstm']) {
  const config = { cell, hidden: 128, layers: 1, embedding: 32, dropout: 0 };
  const model = new LanguageModel(device, tokenizer, config, 1);
  const task = languageModelTraining(model, tokens, { batch: 16, steps: 64, seed: 1 });
  const measure = async (when: string): Promise<void> => {
    const report = await measureGradients(model, validation, { lags: 100 });
    const [layer] = report.layers;
    console.log(`${cell} ${when}: ${layer.verdict}`);
    series.push({ name: `${cell} ${when}`, points: layer.norms.mean.map((norm, lag) => [lag, norm] as const) });
    if (when === 'new') return;
    const kind = cell === 'rnn' ? 'eigenvalues' : 'gates';
    writeFileSync(join(pictures, `gradient-${kind}-${cell}.svg`), drawGradients(report, command)[`${kind}-l0.svg`]);
  };
  await measure('new');
  const options = {
    optimizer: { method: 'adam' },
    learningRate: 3e-3,
    clipNorm: 1,
    steps,
    progressEvery: steps,
  } as const;
  for await (const event of train(task, { ...options, validateEvery: steps, sampleEvery: 0 })) {
    if (event.type === 'validation') console.log(`${cell}: ${event.loss.toFixed(3)} nats per character`);
  }
  await measure('trained');
}
device.close();
writeFileSync(
  join(pictures, 'gradient-norms.svg'),
  lineChart({
    title: 'How far the gradient of one step reaches back',
    description: `Mean norm of the gradient of the loss at step t with respect to the state k steps before, before and after training. Made by: ${command}`,
    x: { label: 'lag k (steps)' },
    y: { label: 'gradient norm ‖∂L/∂s‖ (nats)', scale: 'log' },
    series,
  }),
);
